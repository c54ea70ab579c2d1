// Steps of any runs on one storage, one after another in one process, as a warm worker runs them.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, type Mock, mock, test } from 'node:test'
import { DuckDBInstance } from '@duckdb/node-api'
import { createDuckDbEngine, type DuckDbEngine } from '../../src/engine/index.ts'
import type { StepPlan, StorageBinding, TempTarget } from '../../src/plan/index.ts'
import type { Company } from '../../src/step/index.ts'
import { csv, type Fixture, inline, sql, step, stepFixture } from './step-fixture.ts'

let engine: DuckDbEngine
let fixture: Fixture
let elsewhere: string
let company: Company
let create: Mock<typeof DuckDBInstance.create>
beforeEach(() => {
  engine = createDuckDbEngine({ memoryLimit: '256MB', threads: 1 })
  fixture = stepFixture()
  elsewhere = mkdtempSync(join(tmpdir(), 'loom-elsewhere-'))
  company = { workFolder: join(fixture.root, 'company') }
  mkdirSync(company.workFolder)
  // one was opened in advance
  create = mock.method(DuckDBInstance, 'create')
})
afterEach(async () => {
  await engine.close()
  fixture.remove()
  rmSync(elsewhere, { recursive: true, force: true })
  mock.restoreAll()
})

const target: TempTarget = { kind: 'temp', name: 't', scope: 'run', append: false }

/** @returns how many rows the step, one of that run, has written */
async function rowsOf(runId: string, changes: Partial<StepPlan>, storage: Partial<StorageBinding> = {}) {
  const { info, ...context } = fixture.context({ company, storage })
  const { rows } = await engine.runStep(step({ target, ...changes }), { ...context, info: { ...info, runId } })
  return rows
}

const opened = () => 1 + create.mock.callCount()

test('steps of different runs whose SQL is plainly harmless take one instance, one after the other', async () => {
  for (const n of [1, 2, 3]) {
    fixture.file(`${n}.csv`, `a\n${'1\n'.repeat(n)}`)
    const changes = { sources: [csv(`${n}.csv`)], body: sql('SELECT a FROM csv') }
    assert.equal(await rowsOf(`run-${n}`, changes), n)
  }
  assert.equal(opened(), 1)
})

test('a step that names a place outside of the storage has an instance of its own, before and after others', async () => {
  writeFileSync(join(elsewhere, 'a.csv'), 'a\n1\n2\n')
  const outside = { sources: [csv(join(elsewhere, 'a.csv'))], body: sql('SELECT a FROM csv') }
  await rowsOf('run-1', { body: sql('SELECT 1 AS a') })
  assert.equal(await rowsOf('run-2', outside), 2)
  const before = opened()
  await rowsOf('run-3', { body: sql('SELECT 1 AS a') })
  assert.equal(opened(), before, 'the shared one is still there')
  await assert.rejects(rowsOf('run-4', { body: sql(`FROM '${elsewhere}/a.csv'`) }), { code: 'OutsideStep' })
})

test('a pattern that leads out of the storage by its end reads nothing there', async () => {
  writeFileSync(join(elsewhere, 'a.csv'), 'a\n1\n2\n')
  fixture.file('in/x/b.csv', 'a\n1\n')
  const path = `${fixture.root}/in/*/../../../${elsewhere.split('/').at(-1)}/a.csv`
  await assert.rejects(rowsOf('run-1', { sources: [csv(path)], body: sql('SELECT a FROM csv') }), {
    code: /^(OutsideStep|FileNotFound)$/,
  })
})

for (const text of [
  'SELECT * FROM "FILE"',
  "SELECT * FROM read_csv('FILE')",
  "SELECT * FROM query_table('FILE')",
  "SELECT (SELECT count(*) FROM read_text('FILE')) AS n",
  "SELECT * FROM glob('FOLDER/*')",
])
  test(`a step can't read of its storage what it does not declare: ${text}`, async () => {
    const file = fixture.file('secret.csv', 'a\n1\n')
    await rowsOf('run-1', { sources: [csv('secret.csv')] })
    const body = sql(text.replace('FILE', file).replace('FOLDER', fixture.root))
    await assert.rejects(rowsOf('run-2', { body }), { code: /^(OutsideStep|UnknownTable)$/ })
  })

test("code can't query of its storage what it does not declare", async () => {
  const file = fixture.file('secret.csv', 'a\n1\n')
  await rowsOf('run-1', { sources: [csv('secret.csv')] })
  const body = inline(`export default () => "SELECT * FROM query_table('${file}')"`)
  await assert.rejects(rowsOf('run-2', { body }), { code: 'OutsideStep' })
})

test('a storage that has moved is reached on another instance', async () => {
  writeFileSync(join(elsewhere, 'a.csv'), 'a\n1\n2\n')
  fixture.file('a.csv', 'a\n1\n')
  const changes = { sources: [csv('a.csv')], body: sql('SELECT a FROM csv') }
  assert.equal(await rowsOf('run-1', changes), 1)
  assert.equal(await rowsOf('run-2', changes, { fileRoot: elsewhere }), 2)
  assert.equal(await rowsOf('run-3', changes), 1)
  assert.equal(opened(), 3)
})

test('a storage whose files lie anywhere does not open everything', async () => {
  writeFileSync(join(elsewhere, 'a.csv'), 'a\n1\n2\n')
  const changes = { sources: [csv(join(elsewhere, 'a.csv'))], body: sql('SELECT a FROM csv') }
  await rowsOf('run-1', { body: sql('SELECT 1 AS a') }, { fileRoot: '/' })
  assert.equal(await rowsOf('run-2', changes, { fileRoot: '/' }), 2)
  assert.ok(opened() > 1, 'it had one of its own')
})
