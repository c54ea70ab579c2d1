import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ENDLESS, filesBelow, folder, loom, ORDERS, pipelineOf, runOf, start, storageOf } from './loom.ts'

interface Report {
  runId: string
  planHash: string
  state: string
  attempt: number
  correlationId: string | null
  steps: { process: string; step: string; state: string; write?: { rows: number; alreadyCommitted?: boolean } }[]
  error?: { code: string; kind: string; process: string; step: string }
}

const reportOf = (text: string): Report => JSON.parse(text) as Report

test('a pipeline file alone runs: steps on standard error, the summary on standard output, exit code 0', async (t) => {
  const cwd = await folder(t, { 'shop.yaml': pipelineOf(ORDERS) })
  const { code, stdout, stderr } = await loom(['run', '-f', 'shop.yaml'], { cwd })
  assert.equal(code, 0, stderr)
  assert.match(stderr, /^load\/orders succeeded in [^\n]*, 2 rows\n$/)
  assert.match(
    stdout,
    /^STEP +STATE +ROWS .*\n─.*\nload\/orders +Succeeded +2 +1 .*\n\nshop succeeded in .*, 2 rows written, run id \S+\n$/,
  )
  assert.ok((await filesBelow(join(cwd, '.loom/lake/shop/orders'))).includes('_delta_log/00000000000000000000.json'))
})

test('worker pools beside it are for Kubernetes: they are checked, and not needed', async (t) => {
  const pool = (replicas: string) =>
    `apiVersion: loom.etl/v1alpha1\nkind: ETLWorkerPool\nmetadata: {name: warm}\nspec: {replicas: ${replicas}}\n`
  const cwd = await folder(t, { 'shop.yaml': pipelineOf(ORDERS), 'pool.yaml': pool('{min: 1, max: 4}') })
  const { code, stderr } = await loom(['run', '-f', '.'], { cwd })
  assert.equal(code, 0, stderr)
  await writeFile(join(cwd, 'pool.yaml'), pool('{min: 5, max: 4}'))
  const refused = await loom(['run', '-f', '.'], { cwd })
  assert.equal(refused.code, 2)
  assert.match(refused.stderr, /^pool\.yaml:4:24: error InvalidValue: min is 5, above max, which is 4$/m)
})

test('--output json prints the report and nothing else, with what was left out as skipped', async (t) => {
  const steps = `${ORDERS}${ORDERS.replaceAll('orders', 'returns')}`
  const cwd = await folder(t, { 'shop.yaml': pipelineOf(steps) })
  const args = ['run', '-f', 'shop.yaml', '--output', 'json', '--include', 'returns', '--correlation-id', 'monday']
  const { code, stdout, stderr } = await loom(args, { cwd })
  assert.deepEqual([code, stderr], [0, ''])
  const report = reportOf(stdout)
  assert.deepEqual(
    report.steps.map(({ step, state, write }) => [step, state, write?.rows]),
    [
      ['orders', 'Skipped', undefined],
      ['returns', 'Succeeded', 2],
    ],
  )
  assert.equal(report.correlationId, 'monday')
})

test('the runs of several files run one after the other, their references found among all files', async (t) => {
  const sql = '  sql: SELECT id, $(params.day) AS day FROM rows WHERE id > 0\n'
  const steps = ORDERS.replace('  target', `${sql}  target`)
  const cwd = await folder(t, {
    'manifests/pipeline.yaml': pipelineOf(steps, { params: '{day: {type: date}}' }),
    'manifests/storage.yml': storageOf('lake', 'tables'),
    'runs.yaml': ['first', 'second']
      .map((name, i) =>
        runOf(name, `{pipelineRef: {name: shop}, storageRef: {name: lake}, params: {day: 2026-01-0${i + 1}}}`),
      )
      .join('---\n'),
  })
  const files = ['-f', 'runs.yaml', '-f', 'manifests']
  const both = await loom(['run', ...files, '--output', 'json'], { cwd })
  assert.equal(both.code, 0, both.stderr)
  const reports = JSON.parse(both.stdout) as Report[]
  assert.deepEqual(
    reports.map(({ state }) => state),
    ['Succeeded', 'Succeeded'],
  )
  const chosen = await loom(['run', 'second', ...files, '--output', 'json', '--param', 'day=2026-02-03'], { cwd })
  assert.equal(reportOf(chosen.stdout).state, 'Succeeded')
  assert.notEqual(reportOf(chosen.stdout).planHash, reports[1]?.planHash)
  assert.equal((await filesBelow(join(cwd, 'tables/shop/orders/_delta_log'))).length, 3)
  const unknown = await loom(['run', 'secnod', ...files], { cwd })
  assert.equal(unknown.code, 2)
  assert.match(unknown.stderr, /^cannot run "secnod": .*did you mean "second"\?; there are first, second\n$/)
})

test('nothing runs when one of several runs has an error, and all errors are shown with their places', async (t) => {
  const cwd = await folder(t, {
    'shop.yaml': `${pipelineOf(ORDERS)}---\n${runOf('good', '{pipelineRef: {name: shop}}')}---\n${runOf(
      'bad',
      '{pipelineRef: {name: shop}, include: [ordres], params: {day: 1}}',
    )}`,
  })
  const { code, stdout, stderr } = await loom(['run', '-f', 'shop.yaml', '--output', 'json'], { cwd })
  assert.deepEqual([code, stdout], [2, ''])
  assert.match(stderr, /^shop\.yaml:21:\d+: error InvalidStage: .*did you mean "orders"\?/m)
  assert.match(stderr, /^shop\.yaml:21:\d+: error UnknownParam: there is no param "day"/m)
  assert.match(stderr, /^2 errors$/m)
  assert.deepEqual(await filesBelow(join(cwd, '.loom')), [])
})

test('--storage wins over the storages among the manifests, also when its file lies among them', async (t) => {
  const cwd = await folder(t, {
    'm/shop.yaml': pipelineOf(ORDERS),
    'm/default.yaml': storageOf('default', 'here'),
    'm/other.yaml': storageOf('other', 'there'),
  })
  const { code, stderr } = await loom(['run', '-f', 'm', '--storage', 'm/other.yaml'], { cwd })
  assert.equal(code, 0, stderr)
  assert.deepEqual(
    [(await filesBelow(join(cwd, 'here'))).length, (await filesBelow(join(cwd, 'there'))).length],
    [0, 2],
  )
})

test('a manifest may come from standard input', async (t) => {
  const cwd = await folder(t)
  const good = await loom(['run', '-f', '-'], { cwd, input: pipelineOf(ORDERS) })
  assert.equal(good.code, 0, good.stderr)
  const bad = await loom(['run', '-f', '-'], { cwd, input: pipelineOf(ORDERS.replace('target', 'tagret')) })
  assert.equal(bad.code, 2)
  assert.match(
    bad.stderr,
    /^<stdin>:10:\d+: error UnknownField: .*\n {2}10 \| .*tagret.*\n {5}\| +\^\n {2}hint: did you mean "target"\?/,
  )
})

test('a run id that is used again goes on, and is refused for another plan', async (t) => {
  const cwd = await folder(t, { 'shop.yaml': pipelineOf(ORDERS) })
  const args = ['run', '-f', 'shop.yaml', '--run-id', 'night-1']
  assert.equal((await loom(args, { cwd })).code, 0)
  const again = await loom(args, { cwd })
  assert.equal(again.code, 0)
  assert.match(again.stdout, /^load\/orders +Done before /m)
  assert.match(again.stdout, /^shop succeeded in .*, 0 rows written, run id night-1$/m)
  assert.equal((await filesBelow(join(cwd, '.loom/lake/shop/orders/_delta_log'))).length, 1)
  await writeFile(join(cwd, 'shop.yaml'), pipelineOf(ORDERS.replace('id: 2', 'id: 3')))
  const other = await loom(args, { cwd })
  assert.equal(other.code, 2)
  assert.match(other.stderr, /^cannot run with run id "night-1": it was used with another plan [^\n]*\n$/)
})

test('faults that may pass are tried again, with the waits of the run; others are not', async (t) => {
  const copy =
    '- name: copy\n  sources: {late: {file: {path: late.csv, format: csv}}}\n  target: {table: {ref: shop.late}}\n'
  const spec = (backoff: string) =>
    `{pipelineRef: {name: shop}, retry: {limit: 100, backoff: {initial: ${backoff}, factor: 1}}}`
  const cwd = await folder(t, { 'shop.yaml': `${pipelineOf(ORDERS + copy)}---\n${runOf('night', spec('100ms'))}` })
  const run = start(['run', '-f', 'shop.yaml', '--output', 'json'], { cwd })
  await run.says(/attempt 1 failed: \w+; the next one begins in 100 ms/)
  await writeFile(join(cwd, 'late.csv'), 'id\n1\n')
  const { code, stdout } = await run.ended
  const report = reportOf(stdout)
  assert.deepEqual([code, report.state, report.attempt > 1], [0, 'Succeeded', true])
  assert.equal(report.steps[0]?.write?.alreadyCommitted, true)

  await writeFile(join(cwd, 'shop.yaml'), `${pipelineOf(BROKEN)}---\n${runOf('night', spec('1h'))}`)
  const broken = await loom(['run', '-f', 'shop.yaml', '--output', 'json'], { cwd })
  assert.deepEqual([broken.code, reportOf(broken.stdout).attempt], [1, 1])
})

const BROKEN = `- name: orders
  sources: {rows: {rows: {values: [{id: 1}]}}}
  sql: |
    SELECT id,
      idd + 1 AS next
    FROM rows
  target: {table: {ref: shop.orders}}
`

test('a step that fails is shown with its place in the file, the line, and the steps that it kept from running', async (t) => {
  const cwd = await folder(t, { 'shop.yaml': pipelineOf(BROKEN + ORDERS.replaceAll('orders', 'returns')) })
  const { code, stdout, stderr } = await loom(['run', '-f', 'shop.yaml'], { cwd })
  assert.equal(code, 1)
  assert.equal(stderr.replace(/ in .*:/, ':'), 'load/orders failed: UnknownColumn\n')
  assert.match(stdout, /^load\/returns +Skipped$/m)
  assert.match(
    stdout,
    /^shop\.yaml:12:15: error UnknownColumn: step "load\/orders": cannot find column "idd".*\n {2}12 \| {15}idd \+ 1 AS next\n {5}\| {15}\^\nshop failed in /m,
  )
})

test('a run that takes longer than its timeout fails by that', async (t) => {
  const cwd = await folder(t, {
    'shop.yaml': `${pipelineOf(ENDLESS)}---\n${runOf('night', '{pipelineRef: {name: shop}, timeout: 500ms, retry: {limit: 3}}')}`,
  })
  const { code, stdout } = await loom(['run', '-f', 'shop.yaml'], { cwd })
  assert.equal(code, 1)
  assert.match(stdout, /error TimedOut: .*it took longer than its timeout of 500ms; raise spec\.timeout/)
  assert.match(stdout, /^night failed in /m)
})

test('Ctrl-C ends a long query, exits 130 and leaves whole tables, no other files, and a run id that goes on', async (t) => {
  const cwd = await folder(t, { 'shop.yaml': pipelineOf(ORDERS + ENDLESS) })
  const args = ['run', '-f', 'shop.yaml', '--run-id', 'night-1']
  const run = start(args, { cwd })
  await run.says(/load\/orders succeeded/)
  run.child.kill('SIGINT')
  const { code, stdout } = await run.ended
  assert.equal(code, 130)
  assert.match(stdout, /^load\/endless +Cancelled/m)
  assert.match(stdout, /^shop cancelled in .*run id night-1\nhint: the same command with --run-id night-1 goes on/m)
  assert.doesNotMatch(stdout, /error/)
  const left = (await filesBelow(join(cwd, '.loom'))).map((path) => path.replace(/part-.*\.parquet$/, 'PART'))
  assert.deepEqual(left, [
    'lake/shop/orders/_delta_log/00000000000000000000.json',
    'lake/shop/orders/PART',
    'temp/records/.swept',
    'temp/records/night-1.json',
  ])
  const again = start(args, { cwd })
  await again.says(/load\/orders succeeded .*done by this run before/)
  again.child.kill('SIGTERM')
  assert.equal((await again.ended).code, 130)
})

test('the second Ctrl-C ends a step that does not listen', async (t) => {
  const stubborn = `- name: stubborn
  code:
    inline: |
      export default async function* ({ log }) {
        log.warn('on my way')
        await new Promise((resolve) => setTimeout(resolve, 3_600_000))
        yield { id: 1 }
      }
  target: {table: {ref: shop.stubborn}}
`
  const cwd = await folder(t, { 'shop.yaml': pipelineOf(stubborn) })
  const run = start(['run', '-f', 'shop.yaml'], { cwd })
  await run.says(/warning: step "load\/stubborn": on my way/)
  run.child.kill('SIGINT')
  // the first is heard before the second is sent, or they would be one
  await new Promise((resolve) => setImmediate(resolve))
  const second = setInterval(() => run.child.kill('SIGINT'), 50)
  const { code, signal } = await run.ended
  clearInterval(second)
  assert.ok(signal === 'SIGINT' || code === 130, `code ${code}, signal ${signal}`)
})

test('a run that its file holds back is refused', async (t) => {
  const cwd = await folder(t, {
    'shop.yaml': `${pipelineOf(ORDERS)}---\n${runOf('r', '{pipelineRef: {name: shop}, suspend: true}')}`,
  })
  const { code, stderr } = await loom(['run', '-f', 'shop.yaml'], { cwd })
  assert.equal(code, 2)
  assert.equal(stderr, 'cannot run "r": it is suspended in its file; remove spec.suspend\n')
})

test('metrics go to their file, and --log-format json makes standard error JSON lines', async (t) => {
  const cwd = await folder(t, { 'shop.yaml': pipelineOf(ORDERS) })
  const args = ['run', '-f', 'shop.yaml', '--metrics-file', 'shop.prom', '--log-format', 'json', '--run-id', 'r1']
  const { code, stderr } = await loom(args, { cwd })
  assert.equal(code, 0)
  const lines = stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.ok(lines.some(({ scope, status, rows }) => scope === 'step' && status === 'success' && rows === 2))
  assert.ok(lines.every(({ runId }) => runId === 'r1'))
  assert.match(await readFile(join(cwd, 'shop.prom'), 'utf8'), /^loom_step_rows_total\{name="[^"]+\/orders"\} 2$/m)
})

test('--dry-run shows the plan and does nothing', async (t) => {
  const cwd = await folder(t, { 'shop.yaml': pipelineOf(ORDERS) })
  const { code, stdout } = await loom(['run', '-f', 'shop.yaml', '--dry-run'], { cwd })
  assert.equal(code, 0)
  assert.match(stdout, /^pipeline shop\nplan {5}sha256:[\s\S]* into table shop\.orders: replace/)
  assert.deepEqual(await filesBelow(join(cwd, '.loom')), [])
})
