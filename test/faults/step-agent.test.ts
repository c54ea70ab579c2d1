// What runs a step in a pod: there is always a whole outcome, and every line tells whose it is.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { compile } from '../../src/compile/index.ts'
import { decodeOutcome } from '../../src/plan/index.ts'
import { runStepAgent } from '../../src/pod/index.ts'

const root = mkdtempSync(join(tmpdir(), 'loom-agent-'))
after(() => rmSync(root, { recursive: true, force: true }))

const TALKS = `export default function* ({ log }) {
  log.info('hello', { step: 'forged', attempt: 99, more: 1 })
  yield { a: 1 }
}`

const IDS = { process: 'main', step: 'talks', attempt: 2, try: 3, runId: 'r-1', runUid: 'uid-1', correlationId: 'c-1' }

/** Runs the only step of a plan in a folder of its own. */
async function agent(signal: AbortSignal) {
  const folder = mkdtempSync(join(root, 'pod-'))
  const steps = [{ name: 'talks', code: { inline: TALKS }, target: { table: { ref: 'out.talks', append: {} } } }]
  const compiled = compile({
    pipeline: { name: 'talk', spec: { processes: [{ name: 'main', steps }] } },
    storage: { defaults: { tablePath: { uri: join(folder, 'tables') } }, temp: { root: join(folder, 'temp') } },
    run: {},
    facts: { workingFolder: folder, manifestFolder: folder },
  })
  assert.ok(compiled.ok)
  mkdirSync(join(folder, 'plan'))
  for (const name of ['plan', 'binding'] as const)
    writeFileSync(join(folder, 'plan', `${name}.json`), JSON.stringify(compiled[name]))
  const lines: Record<string, unknown>[] = []
  const code = await runStepAgent({
    ...IDS,
    planFolder: join(folder, 'plan'),
    workFolder: join(folder, 'work'),
    lastAttempt: true,
    terminationLog: join(folder, 'termination-log'),
    memoryBytes: undefined,
    signal,
    log: (_level, message, fields) => lines.push({ message, ...fields }),
  })
  return { code, lines, told: decodeOutcome(readFileSync(join(folder, 'termination-log'), 'utf8')) }
}

test('a step tells its outcome, and every line whose it is, whatever the step says of itself', async () => {
  const { code, lines, told } = await agent(new AbortController().signal)
  assert.equal(code, 0)
  assert.deepEqual([told?.runUid, told?.attempt, told?.try], ['uid-1', 2, 3])
  assert.deepEqual([told?.outcome.state, told?.outcome.write?.rows], ['Succeeded', 1])
  assert.deepEqual(
    lines.map(({ message }) => message),
    ['step starts', 'hello', 'step ended'],
  )
  assert.equal(lines[1]?.['more'], 1)
  for (const line of lines) for (const [name, value] of Object.entries(IDS)) assert.equal(line[name], value, name)
})

test('a step that is told to stop before its engine has begun is cancelled, and writes nothing', async () => {
  const { code, told } = await agent(AbortSignal.abort())
  assert.deepEqual([code, told?.outcome.state], [1, 'Cancelled'])
  assert.equal(told?.outcome.error?.code, 'Interrupted')
})
