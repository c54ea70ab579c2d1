// A log of JSON lines that another process writes, read as it grows and made readable for people.
import { readFileSync } from 'node:fs'
import { pause } from '../bed/wait.ts'

type Entry = Record<string, unknown>

const LEVELS: Readonly<Record<number, string>> = { 40: 'warning: ', 50: 'error: ', 60: 'error: ' }
/** Said otherwise, or the same in every line. */
const UNSAID = new Set(['level', 'time', 'instance', 'msg', 'runId'])

export class FollowedLog {
  readonly #file: string
  #told = 0

  constructor(file: string) {
    this.#file = file
  }

  text(): string {
    return readFileSync(this.#file, 'utf8')
  }

  /** The first entry with that message. */
  find(message: string): Entry | undefined {
    return this.#lines()
      .map(entryOf)
      .find((entry) => entry?.['msg'] === message)
  }

  /** Says each line once, from the first on, until the signal is aborted. */
  async follow({ say, until }: { say: (line: string) => void; until: AbortSignal }): Promise<void> {
    while (!until.aborted) {
      this.#tell(say)
      await pause(100)
    }
    this.#tell(say)
  }

  #tell(say: (line: string) => void): void {
    const lines = this.#lines().slice(this.#told)
    this.#told += lines.length
    for (const line of lines) say(readable(line))
  }

  /** The last line may be half written. */
  #lines(): string[] {
    return this.text().split('\n').slice(0, -1)
  }
}

/** `12:31:55 step ended: run=default/flights-2013-01 step=raw_planes state=Succeeded`; what is no JSON stays as it is. */
function readable(line: string): string {
  const entry = entryOf(line)
  if (entry === undefined) return line
  const time = new Date(Number(entry['time'])).toISOString().slice(11, 19)
  const fields = Object.entries(entry).filter(([name]) => !UNSAID.has(name))
  const said = fields.map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return `${time} ${LEVELS[Number(entry['level'])] ?? ''}${[entry['msg'], ...said].join(' ')}`
}

function entryOf(line: string): Entry | undefined {
  try {
    return line.startsWith('{') ? JSON.parse(line) : undefined
  } catch {
    return undefined
  }
}
