// `loom run` killed with -9: run again with the same run id it ends as if it had not been killed. Every phase is hit on
// purpose, then moments of chance: as many in all as KILLS says.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { loom, start } from '../cli/loom.ts'
import { assertNoStrayFiles, assertOneCommitEach, assertTidy, contentsOf, copyFlow, layFlow, runArgs } from './flow.ts'

const root = mkdtempSync(join(tmpdir(), 'loom-kill-'))
after(() => rmSync(root, { recursive: true, force: true }))

let seed = ''
let undisturbed: Record<string, unknown> = {}
let runMs = 0

before(async () => {
  seed = layFlow(root, 'seed')
  await succeeds(seed, 1)
  const whole = copyFlow(seed, root)
  const started = performance.now()
  await succeeds(whole, 2)
  runMs = performance.now() - started
  undisturbed = await contentsOf(whole)
  assertOneCommitEach(whole, ['r-1', 'r-2'])
})

async function succeeds(folder: string, day: number): Promise<void> {
  const { code, stderr, stdout } = await loom(runArgs(day), { cwd: folder })
  assert.equal(code, 0, stderr + stdout)
}

/** Runs again after the kill, and looks at everything. */
async function assertRecovers(folder: string): Promise<void> {
  assertNoStrayFiles(folder)
  await succeeds(folder, 2)
  assert.deepEqual(await contentsOf(folder), undisturbed)
  assertOneCommitEach(folder, ['r-1', 'r-2'])
  assertNoStrayFiles(folder)
  assertTidy(folder)
}

interface FileOperation {
  op: string
  path: string
  when: 'before' | 'after'
}

const PHASES: Record<string, FileOperation> = {
  'compile: the manifest was read': { op: 'readFile', path: 'pipeline\\.yaml$', when: 'after' },
  'claim: the run id is taken, its plan not recorded': { op: 'rename', path: 'records/r-2\\.json$', when: 'before' },
  'temp: written, not published': { op: 'rename', path: 'runs/r-2/snapshot/.*\\.json$', when: 'before' },
  'commit: files written, no log entry': { op: 'link', path: 'items/_delta_log/0*2\\.json$', when: 'before' },
  'commit: log entry written, the run does not know': {
    op: 'link',
    path: 'items/_delta_log/0*3\\.json$',
    when: 'after',
  },
  'between steps: one has ended, the next has not begun': { op: 'rmdir', path: 'work/r-2/.', when: 'after' },
  'file: written, not swapped in': { op: 'rename', path: 'out/report\\.csv$', when: 'before' },
  'clean-up: all steps have ended, temps are there': { op: 'rm', path: 'temp/runs/r-2$', when: 'before' },
}

const MORE_OPERATIONS: Record<string, FileOperation> = {
  'temp: published': { op: 'rename', path: 'runs/r-2/snapshot/.*\\.json$', when: 'after' },
  'commit: of an upsert': { op: 'link', path: 'customers/_delta_log/0*1\\.json$', when: 'after' },
  'file: swapped in': { op: 'rename', path: 'out/report\\.csv$', when: 'after' },
  'end: temps are gone, the run id is still taken': { op: 'rm', path: 'temp/work/r-2$', when: 'before' },
}

type Kill = (folder: string) => Promise<string>

const atOperation =
  (phase: string, operation: FileOperation): Kill =>
  async (folder) => {
    const preload = pathToFileURL(join(import.meta.dirname, 'die-at.ts'))
    for (const [name, value] of Object.entries(operation)) preload.searchParams.set(name, value)
    const { signal, stderr } = await loom(runArgs(2), { cwd: folder, node: ['--import', preload.href] })
    assert.equal(signal, 'SIGKILL', `it was not killed: ${stderr}`)
    return phase
  }

const inCode =
  (phase: 'read' | 'transform'): Kill =>
  async (folder) => {
    const order = join(folder, `die-in-${phase}`)
    writeFileSync(order, '')
    const { signal, stderr } = await loom(runArgs(2), { cwd: folder })
    assert.equal(signal, 'SIGKILL', `it was not killed: ${stderr}`)
    rmSync(order)
    return `${phase}: in a code step`
  }

/** As soon as a data file is begun. */
const whileWriting: Kill = async (folder) => {
  const table = join(folder, '.loom/lake/raw/wide')
  const files = () => readdirSync(table).length
  const known = files()
  const running = start(runArgs(2), { cwd: folder })
  const ended = () => running.child.exitCode !== null || running.child.signalCode !== null
  while (files() === known && !ended()) await delay(1)
  running.child.kill('SIGKILL')
  await running.ended
  assert.equal(existsSync(join(table, '_delta_log/00000000000000000001.json')), false, 'it had committed already')
  return 'write: a data file is begun, no log entry names it'
}

const byChance: Kill = async (folder) => {
  const running = start(runArgs(2), { cwd: folder })
  const moment = Math.random() * runMs
  await Promise.race([delay(moment), running.ended])
  running.child.kill('SIGKILL')
  await running.ended
  return `a moment of chance: after ${Math.round(moment)} ms of ${Math.round(runMs)}, ${stateOf(folder)}`
}

/** By what is there afterwards. */
function stateOf(folder: string): string {
  const entries = {
    items: 'raw/items/2',
    more: 'raw/items/3',
    customers: 'raw/customers/1',
    months: 'marts/months/1',
    wide: 'raw/wide/1',
    scored: 'marts/scored/1',
  }
  const committed = Object.entries(entries).flatMap(([step, entry]) => {
    const [schema = '', table = '', version = ''] = entry.split('/')
    const log = join(folder, '.loom/lake', schema, table, '_delta_log')
    return existsSync(join(log, `${version.padStart(20, '0')}.json`)) ? [step] : []
  })
  const temps = existsSync(join(folder, '.loom/temp/runs/r-2')) ? ', temps are there' : ''
  return `committed: ${committed.join(' ') || 'nothing'}${temps}`
}

const operations = (from: Record<string, FileOperation>): [string, Kill][] =>
  Object.entries(from).map(([phase, operation]) => [`in phase ${phase}`, atOperation(phase, operation)])

const KILLS: readonly [string, Kill][] = [
  ...operations(PHASES),
  ['in phase read', inCode('read')],
  ['in phase transform', inCode('transform')],
  ['in phase write', whileWriting],
  ['at a moment of chance', byChance],
  ...operations(MORE_OPERATIONS),
]
const USUAL = 12
const wanted = Number(process.env['KILLS'] ?? USUAL)

for (let i = 0; i < wanted; i += 1) {
  const [name, kill] = KILLS[i] ?? [`at a moment of chance (${i})`, byChance]
  test(`a run that is killed with -9 ${name} and run again ends as if it had not been`, async (t) => {
    const folder = copyFlow(seed, root)
    t.diagnostic(`hit ${await kill(folder)}`)
    await assertRecovers(folder)
  })
}
