// The command line as a process of its own, from source: what it prints where, and how it ends.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
export const MAIN = join(ROOT, 'src/cli/main.ts')

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface Running {
  child: ChildProcess
  ended: Promise<Ended>
  /** Resolves once standard error holds a match; rejects when the process ends before. */
  says: (pattern: RegExp) => Promise<void>
}

/** What of the surroundings changes how loom looks must not come from whoever runs the tests. */
const NEUTRAL = { NO_COLOR: undefined, FORCE_COLOR: undefined, CI: undefined, NODE_OPTIONS: undefined }

export interface LoomOptions {
  cwd: string
  env?: Record<string, string>
  input?: string
  /** Options of Node. */
  node?: readonly string[]
  /** The entry; default: that of the sources. */
  main?: string
}

export function start(args: readonly string[], options: LoomOptions): Running {
  const { cwd, env = {}, input, node = [], main = MAIN } = options
  const child = spawn(process.execPath, [...node, main, ...args], { cwd, env: { ...process.env, ...NEUTRAL, ...env } })
  return watched(child, input)
}

export async function loom(args: readonly string[], options: LoomOptions): Promise<Ended> {
  return await start(args, options).ended
}

/** A shell that knows `loom`. */
export async function shell(script: string, { cwd, env = {} }: LoomOptions): Promise<Ended> {
  const prelude = `loom() { "${process.execPath}" "${MAIN}" "$@"; }; export -f loom\n`
  const child = spawn('bash', ['--norc', '-c', prelude + script], { cwd, env: { ...process.env, ...NEUTRAL, ...env } })
  return await watched(child).ended
}

function watched(child: ChildProcess, input?: string): Running {
  let [stdout, stderr] = ['', '']
  const heard = new Set<() => void>()
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    for (const listener of heard) listener()
  })
  child.stdin?.end(input ?? '')
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  const says = async (pattern: RegExp): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const listener = () => {
      if (pattern.test(stderr)) resolve()
    }
    heard.add(listener)
    listener()
    const over = ended.then(() => {
      throw new Error(`it ended without saying ${pattern}:\n${stderr}`)
    })
    over.catch(() => undefined)
    await Promise.race([promise, over])
    heard.delete(listener)
  }
  return { child, ended, says }
}

/** A working folder with files in it, removed when the test ends. */
export async function folder(t: Pick<TestContext, 'after'>, files: Record<string, string> = {}): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'loom-cli-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true })
    await writeFile(join(path, name), text)
  }
  return path
}

/** Files below a folder, relative, sorted; empty when there is none. */
export async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort()
}

/** A manifest of one process. */
export const pipelineOf = (steps: string, { name = 'shop', params = '' } = {}): string => `apiVersion: loom.etl/v1alpha1
kind: ETLPipeline
metadata: {name: ${name}}
spec:
${params === '' ? '' : `  params: ${params}\n`}  processes:
    - name: load
      steps:
${steps.replace(/^(?=.)/gm, '        ')}
`

export const runOf = (name: string, spec: string): string =>
  `apiVersion: loom.etl/v1alpha1\nkind: ETLRun\nmetadata: {name: ${name}}\nspec: ${spec}\n`

export const storageOf = (name: string, tables: string): string =>
  `apiVersion: loom.etl/v1alpha1\nkind: ETLStorage\nmetadata: {name: ${name}}\nspec: {defaults: {tablePath: {uri: ${tables}}}}\n`

/** A step that writes two rows. */
export const ORDERS = `- name: orders
  sources: {rows: {rows: {values: [{id: 1, note: plain}, {id: 2, note: null}]}}}
  target: {table: {ref: shop.orders}}
`

/** A step that takes as long as it is let. */
export const ENDLESS = `- name: endless
  sources: {rows: {rows: {values: [{id: 1}]}}}
  sql: SELECT count(*) AS n FROM range(3000000) a, range(3000000) b, rows WHERE (a.range * b.range) % 7 = 3
  target: {table: {ref: shop.endless}}
`
