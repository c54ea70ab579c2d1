// Measurements side by side: every contender in turn, round after round, so that a busy minute hits all of them.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** One way of doing the work. @returns seconds */
export type Contender = () => Promise<number>

const run = promisify(execFile)

/** Medians in seconds, by contender. The first round is thrown away when `warmUp` is set (files not yet cached). */
export async function sideBySide(
  contenders: Readonly<Record<string, Contender>>,
  { rounds, warmUp = false }: { rounds: number; warmUp?: boolean },
): Promise<Record<string, number>> {
  const times = new Map<string, number[]>(Object.keys(contenders).map((name) => [name, []]))
  for (let round = warmUp ? -1 : 0; round < rounds; round++) {
    const order = Object.entries(contenders)
    // every other round backwards: nobody always runs after the same neighbour
    for (const [name, contend] of round % 2 === 0 ? order : order.toReversed()) {
      const seconds = await contend()
      if (round >= 0) times.get(name)?.push(seconds)
    }
  }
  return Object.fromEntries([...times].map(([name, all]) => [name, median(all)]))
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  const upper = sorted[half] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? upper) + upper) / 2
}

/** Runs a program to its end. @returns what it printed @throws with its output when it fails */
export async function program(command: string, args: readonly string[], folder: string): Promise<string> {
  try {
    const { stdout } = await run(command, args, { cwd: folder, env: quiet(), maxBuffer: 2 ** 26 })
    return stdout
  } catch (thrown) {
    const { stdout = '', stderr = '' } = thrown as { stdout?: string; stderr?: string }
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}\n${stderr}`, { cause: thrown })
  }
}

/** Runs a program that prints seconds on its last line. */
export async function secondsOf(command: string, args: readonly string[], folder: string): Promise<number> {
  const seconds = Number((await program(command, args, folder)).trim().split('\n').at(-1))
  if (!Number.isFinite(seconds)) throw new Error(`${command} ${args.join(' ')} printed no seconds`)
  return seconds
}

/** No tool may call home while it is measured. */
function quiet(): NodeJS.ProcessEnv {
  return { ...process.env, NO_COLOR: '1', DBT_SEND_ANONYMOUS_USAGE_STATS: 'false', DO_NOT_TRACK: '1' }
}
