// A run that is taken up again: what is done stays done, also when its process was killed.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createDuckDbEngine } from '../../src/engine/index.ts'
import { openFileStore } from '../../src/formats/index.ts'
import type { SourcePlan, TempTarget } from '../../src/plan/index.ts'
import { claimRun, executeRun, FolderTemps, runPlan } from '../../src/runner/index.ts'
import { runFlow } from './flow.ts'
import { noBinding, planOf, planOfNames, runInput, scriptedEngine, stepPlan } from './scripted.ts'

const root = mkdtempSync(join(tmpdir(), 'loom-resume-'))
after(() => rmSync(root, { recursive: true, force: true }))

const folder = (name: string): string => mkdtempSync(join(root, `${name}-`))
const DAY_MS = 24 * 3_600_000

async function killedAt(step: string, place: string, runId: string): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'flow.ts'), place, runId, step], {
    stdio: 'inherit',
  })
  const [code, signal] = await once(child, 'exit')
  assert.deepEqual([code, signal], [null, 'SIGKILL'], `it was not killed at "${step}"`)
}

const commitsOf = async (place: string, table: string): Promise<number> =>
  (await openFileStore(join(place, '.loom/lake', table)).list('_delta_log/')).filter(({ path }) =>
    /\/\d{20}\.json$/.test(path),
  ).length

test('a run that was killed with -9 at any of its steps and is run again ends as if it had not been killed', async () => {
  const names = ['first', 'snapshot', 'report', 'more', 'last', 'copy']
  for (const fatal of names) {
    const place = folder('killed')
    await killedAt(fatal, place, 'r-1')
    const came: string[] = []
    const report = await runFlow(place, 'r-1', (name) => void came.push(name))
    assert.equal(report.state, 'Succeeded', JSON.stringify(report.error))
    assert.equal(await commitsOf(place, 'raw/items'), 2, `killed at ${fatal}`)
    assert.equal(await commitsOf(place, 'marts/counts'), 1, `killed at ${fatal}`)
    const at = names.indexOf(fatal)
    assert.equal(came.includes('snapshot'), at <= names.indexOf('snapshot'), 'a temp that is there is kept')
    assert.equal(came.includes('report'), at <= names.indexOf('report'), 'a file that is there is kept')
    assert.deepEqual(JSON.parse(readFileSync(join(place, 'report.json'), 'utf8')), { n: 2 }, `killed at ${fatal}`)
    assert.deepEqual(await countOf(place), [{ n: 2n }], `killed at ${fatal}`)
    assert.deepEqual(readdirSync(join(place, '.loom/temp/runs')), [], 'the temps are gone')
  }
})

/** The rows of marts.counts, by a step that hands them to us. */
async function countOf(place: string): Promise<unknown> {
  const rows: unknown[] = []
  const engine = createDuckDbEngine({ threads: 1 })
  const counts: SourcePlan = { kind: 'table', alias: 'counts', ref: 'marts.counts', where: [], columns: [] }
  const plan = planOf([[{ name: 'check', stages: [[stepPlan('check', 'counts', { sources: [counts] })]] }]])
  const location = { uri: join(place, '.loom/lake/marts/counts'), targetFileSize: null, properties: {} }
  const report = await runPlan({
    ...runInput({ plan, engine, workRoot: join(place, 'check') }),
    openStore: openFileStore,
    binding: { ...noBinding, tables: { 'marts.counts': location } },
    writer: {
      async write(frame) {
        for await (const row of frame.rows()) rows.push(row)
        return { rows: rows.length }
      },
    },
  })
  await engine.close()
  assert.equal(report.state, 'Succeeded', JSON.stringify(report.error))
  return rows
}

const target: TempTarget = { kind: 'temp', name: 'result', scope: 'correlation', append: true }
const writer = { process: 'p0', step: 'a' }

async function published(place: string, runId: string): Promise<string> {
  const temps = new FolderTemps({ root: place, runId, correlationId: 'c-1' })
  const part = await temps.begin(target, { ...writer, attempt: 1 })
  writeFileSync(part.path, 'PAR1')
  await part.publish(3)
  return part.path
}

test('a temp that this run has published need not be made again', async () => {
  const place = folder('published')
  await published(place, 'r-1')
  const temps = new FolderTemps({ root: place, runId: 'r-1', correlationId: 'c-1' })
  assert.equal(await temps.isPublished(target, writer), true)
  assert.equal(await temps.isPublished(target, { ...writer, step: 'b' }), false)
  assert.equal(await temps.isPublished({ ...target, append: false }, writer), false)
})

test('the entry of a temp that is written as a whole counts only for the step that wrote it', async () => {
  const place = folder('whole')
  const temps = new FolderTemps({ root: place, runId: 'r-1', correlationId: null })
  const whole: TempTarget = { ...target, scope: 'run', append: false }
  const part = await temps.begin(whole, { ...writer, attempt: 1 })
  writeFileSync(part.path, 'PAR1')
  await part.publish(3)
  assert.equal(await temps.isPublished(whole, writer), true)
  assert.equal(await temps.isPublished(whole, { ...writer, step: 'b' }), false)
})

test('another run with the same correlation id makes its temps anew (TMP-13)', async () => {
  const place = folder('other-run')
  await published(place, 'r-1')
  const temps = new FolderTemps({ root: place, runId: 'r-2', correlationId: 'c-1' })
  assert.equal(await temps.isPublished(target, writer), false)
})

test('a temp whose file is gone, or of another size than it was, is made again', async () => {
  const place = folder('damaged')
  const path = await published(place, 'r-1')
  const temps = new FolderTemps({ root: place, runId: 'r-1', correlationId: 'c-1' })
  writeFileSync(path, '')
  assert.equal(await temps.isPublished(target, writer), false)
  rmSync(path)
  assert.equal(await temps.isPublished(target, writer), false)
})

test('a later attempt of a run does not run the step of a correlation temp that an earlier one has published', async () => {
  const place = folder('attempt')
  const path = await published(place, 'r-1')
  const played = scriptedEngine(new Map(), () => undefined)
  const plan = planOf([[{ name: 'p0', stages: [[stepPlan('p0', 'a', { target })]] }]])
  const run = { runId: 'r-1', correlationId: 'c-1', attempt: 2, lastAttempt: false }
  const temps = new FolderTemps({ root: place, ...run })
  const report = await runPlan(runInput({ plan, engine: played.engine, workRoot: place, run, temps }))
  assert.deepEqual(played.happened, [])
  assert.equal(report.steps[0]?.write?.alreadyCommitted, true)
  assert.deepEqual(await temps.resolve('result'), [path])
})

test('temps of a killed run stay for a day, so that it can be resumed, and are swept by the next run after that', async () => {
  const place = folder('sweep')
  await killedAt('more', place, 'r-1')
  const tempRoot = join(place, '.loom/temp')
  const claim = async (runId: string) =>
    await (await claimRun({ tempRoot, runId, planHash: 'sha256:0', now: Date.now() }))()
  await claim('r-2')
  assert.deepEqual(readdirSync(join(tempRoot, 'runs')), ['r-1'])
  const locks = join(tempRoot, 'locks', 'r-1')
  const longAgo = new Date(Date.now() - DAY_MS - 60_000)
  for (const name of readdirSync(locks)) utimesSync(join(locks, name), longAgo, longAgo)
  await claim('r-3')
  for (const swept of ['runs', 'locks', 'work']) assert.deepEqual(readdirSync(join(tempRoot, swept)), [], swept)
})

test('whoever makes the next attempt himself keeps the temps of the run for it; if it never comes, they are swept', async () => {
  const place = folder('kept')
  const binding = { ...noBinding, tempRoot: place }
  const plan = planOfNames(['a', 'b'])
  const attempt = async (number: number, end: 'fail' | 'succeed', keep: boolean) => {
    const played = scriptedEngine(new Map([['p0/b', { turns: 0, end }]]), () => undefined)
    const run = { runId: 'r-1', correlationId: null, attempt: number, lastAttempt: number === 2 }
    const { temps: _none, ...input } = runInput({ plan, engine: played.engine, workRoot: place, run, binding })
    mkdirSync(join(place, 'runs/r-1/result'), { recursive: true })
    await executeRun({ ...input, keepRunTemps: ({ state }) => keep && state === 'Failed' })
    return readdirSync(join(place, 'runs'))
  }
  assert.deepEqual(await attempt(1, 'fail', true), ['r-1'])
  assert.deepEqual(await attempt(2, 'fail', false), [])
  assert.deepEqual(await attempt(1, 'succeed', true), [])
  assert.deepEqual(await attempt(1, 'fail', true), ['r-1'])
  const longAgo = new Date(Date.now() - DAY_MS - 60_000)
  utimesSync(join(place, 'records/r-1.json'), longAgo, longAgo)
  await (await claimRun({ tempRoot: place, runId: 'r-2', planHash: plan.hash, now: Date.now() }))()
  assert.deepEqual(readdirSync(join(place, 'runs')), [])
})

test('a file is written again when somebody has changed or removed it since, and by another run', async () => {
  const place = folder('file')
  const path = join(place, 'report.json')
  const run = async (runId: string) => {
    const came: string[] = []
    assert.equal((await runFlow(place, runId, (name) => void came.push(name))).state, 'Succeeded')
    return came.includes('report')
  }
  assert.equal(await run('r-1'), true)
  assert.equal(await run('r-1'), false)
  writeFileSync(path, 'changed')
  assert.equal(await run('r-1'), true)
  rmSync(path)
  assert.equal(await run('r-1'), true)
  writeFileSync(join(place, '.loom/temp/records/r-1.files/main.report.json'), '{"path":')
  assert.equal(await run('r-1'), true)
  assert.equal(await run('r-2'), true)
})

test('which files a run has written is forgotten together with its record', async () => {
  const tempRoot = folder('forgotten')
  const records = join(tempRoot, 'records')
  const longAgo = new Date(Date.now() - 31 * DAY_MS)
  mkdirSync(join(records, 'r-1.files'), { recursive: true })
  mkdirSync(join(records, 'r-2.files'))
  utimesSync(join(records, 'r-1.files'), longAgo, longAgo)
  await (await claimRun({ tempRoot, runId: 'r-3', planHash: 'sha256:0', now: Date.now() }))()
  assert.deepEqual(readdirSync(records).sort(), ['.swept', 'r-2.files', 'r-3.json'])
})

test('temps of a run whose record is damaged are not used again: they may be of another plan', async () => {
  const place = folder('broken-record')
  await killedAt('more', place, 'r-1')
  writeFileSync(join(place, '.loom/temp/records/r-1.json'), '')
  const came: string[] = []
  await runFlow(place, 'r-1', (name) => void came.push(name))
  assert.ok(came.includes('snapshot'))
})
