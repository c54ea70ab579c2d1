// How GitOps tools read objects, asked of the program in ../judge: kstatus itself, and Lua scripts run as Argo CD runs them. It is
// built once from its pinned Go modules and kept in .cache/ under the hash of its sources.
// Run as a program it makes sure that it is there, and prints its path.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const MODULE = join(import.meta.dirname, '../judge')
const SOURCES = ['go.mod', 'go.sum', 'main.go', 'lua.go']
const CACHE = join(import.meta.dirname, '../../../.cache/gitops-judge')

export type Question =
  | { ask: 'kstatus'; object: object }
  /** A script that is to return a health status. */
  | { ask: 'health'; object: object; script: string }
  /** Any script; what it returns. */
  | { ask: 'lua'; object: object; script: string }

export interface Answer {
  status?: string
  message?: string
  value?: unknown
  error?: string
}

/** @returns an answer to each question, in order */
export async function judge(questions: readonly Question[]): Promise<Answer[]> {
  const program = await findJudge()
  return await new Promise((resolve, reject) => {
    const child = execFile(program, { maxBuffer: 64 * 1024 ** 2, timeout: 60_000 }, (fault, stdout, stderr) => {
      if (fault === null) resolve(JSON.parse(stdout) as Answer[])
      else reject(new Error(`the judge failed: ${stderr}`, { cause: fault }))
    })
    child.stdin?.end(JSON.stringify(questions))
  })
}

/** Finds the program, or builds it. */
export async function findJudge(say: (line: string) => void = tellOnStderr): Promise<string> {
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}`)
  for (const file of SOURCES) hash.update(`\n${file}\n`).update(readFileSync(join(MODULE, file)))
  const folder = join(CACHE, hash.digest('hex').slice(0, 16))
  const binary = join(folder, 'judge')
  if (existsSync(binary)) return binary
  say(`Building kstatus and a Lua interpreter from pinned Go modules into ${binary}: once, for half a minute.`)
  mkdirSync(folder, { recursive: true })
  // Two processes may build at once: each writes its own file, and the rename makes one of them the binary.
  const unfinished = `${binary}.${process.pid}`
  try {
    await goBuild(unfinished)
    renameSync(unfinished, binary)
  } finally {
    rmSync(unfinished, { force: true })
  }
  return binary
}

async function goBuild(output: string): Promise<void> {
  const args = ['build', '-trimpath', '-ldflags', '-s -w', '-o', output, '.']
  const options = { cwd: MODULE, env: { ...process.env, CGO_ENABLED: '0' }, maxBuffer: 64 * 1024 ** 2 }
  try {
    await run('go', args, options)
  } catch (cause) {
    const { stderr = '' } = cause as { stderr?: string }
    throw new Error(`cannot build the judge: ${stderr.slice(-2000) || String(cause)}; install Go 1.24 or newer`, {
      cause,
    })
  }
}

function tellOnStderr(line: string): void {
  process.stderr.write(`${line}\n`)
}

if (import.meta.main) process.stdout.write(`${await findJudge()}\n`)
