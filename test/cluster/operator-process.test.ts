// The operator as a process of the cluster: two at a time, stopped, cut off, asked how it is, and what it counts and logs.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { promisify } from 'node:util'
import { stringify } from 'yaml'
import { API_VERSION } from '../../src/manifest/index.ts'
import { METRICS } from '../../src/observability/index.ts'
import { type AuditEntry, until } from './bed/index.ts'
import { Cluster } from './support/cluster.ts'
import { type Ending, type OperatorProcess, REPOSITORY } from './support/operator-process.ts'
import { fails, inline, quick, run, slow } from './support/pipelines.ts'
import { grantOperatorRights, OPERATOR_USER } from './support/rights.ts'

let cluster: Cluster
let first: OperatorProcess
let second: OperatorProcess

before(async () => {
  cluster = await Cluster.start({ users: [{ name: OPERATOR_USER }] })
  await grantOperatorRights(cluster.plane.api)
  await cluster.apply(cluster.storage())
  first = start()
  await first.leads()
  second = start()
})

after(() => cluster?.[Symbol.asyncDispose]())

const start = () => cluster.startOperator({ kubeconfig: cluster.plane.user(OPERATOR_USER).kubeconfig })

it('tells that it lives and is ready, and all its metrics', async () => {
  for (const path of ['/healthz', '/readyz']) {
    await until(`${path} answers with 200`, async () => (await second.ask(path)).status === 200)
    assert.deepEqual(await first.ask(path), { status: 200, text: 'ok\n' })
  }
  const { text } = await first.ask('/metrics')
  for (const name of Object.keys(METRICS)) assert.match(text, new RegExp(`^# TYPE ${name} `, 'm'))
  assert.match(text, /^loom_leader 1$/m)
  assert.match((await second.ask('/metrics')).text, /^loom_leader 0$/m)
})

it('costs the API server six writes at most for a run of one step, events included', async () => {
  const before = cluster.plane.auditLog().length
  await cluster.apply(run('six', [quick('six')]))
  assert.equal((await cluster.ends('six')).phase, 'Succeeded')
  await told('six', 'Succeeded')
  const isWrite = ({ user, verb, resource }: AuditEntry) =>
    user === OPERATOR_USER && ['create', 'update', 'patch', 'delete'].includes(verb) && resource !== 'leases'
  const writes = cluster.plane.auditLog().slice(before).filter(isWrite)
  const shown = writes.map(({ verb, resource, subresource }) => `${verb} ${resource} ${subresource}`.trimEnd())
  const status = 'patch etlruns status'
  assert.deepEqual(shown, ['create configmaps', 'create jobs', status, 'create events', status, 'create events'])
})

/** The event is what the operator writes last. */
async function told(name: string, reason: string): Promise<void> {
  const path = '/apis/events.k8s.io/v1/namespaces/default/events'
  const events = () => cluster.plane.api.list<{ reason: string; regarding?: { name?: string } }>(path)
  const isThere = async () =>
    (await events()).some((event) => event.regarding?.name === name && event.reason === reason)
  await until(`run ${name} has an event ${reason}`, isThere)
}

/** @returns its exit code, if it ends within the ten seconds that it has */
async function stopped(operator: OperatorProcess): Promise<Ending> {
  const endings: Ending[] = []
  void operator.stop('SIGTERM').then((ending) => endings.push(ending))
  await until('the operator has ended', () => endings.length > 0, { seconds: 10 })
  return endings[0] ?? null
}

it('hands over to the next one when it is told to stop, however busy it is', async () => {
  await cluster.apply(run('handed-over', [slow('long'), quick('never')]))
  await cluster.begun('handed-over')
  assert.equal(second.isLeading(), false)
  // Each costs a write and an event at once.
  const waiting = Array.from({ length: 30 }, (_, i) => `waiting-${i}`)
  const spec = { pipelineRef: { name: 'nowhere' } }
  await Promise.all(waiting.map((name) => cluster.apply({ kind: 'ETLRun', metadata: { name }, spec })))
  assert.equal(await stopped(first), 0)
  await second.leads()
  for (const name of waiting)
    await cluster.runIs(name, 'is told that it waits', ({ reason }) => reason === 'PipelineNotFound')
  await Promise.all(waiting.map((name) => cluster.deleteRun(name)))
  await cluster.patchRun('handed-over', { cancel: true })
  assert.equal((await cluster.ends('handed-over')).phase, 'Cancelled')
  assert.equal((await cluster.jobs('handed-over')).length, 0)
})

const PIPELINE = {
  kind: 'ETLPipeline',
  metadata: { name: 'measured' },
  spec: inline([quick('fine'), fails('broken', 'no luck')]),
}

it('counts what a local run of the pipeline counts, in the words of the one table', async () => {
  await cluster.apply(PIPELINE)
  await cluster.apply({ kind: 'ETLRun', metadata: { name: 'measured' }, spec: { pipelineRef: { name: 'measured' } } })
  await cluster.apply(run('unnamed', [quick('unnamed')]))
  for (const name of ['measured', 'unnamed']) await cluster.ends(name)
  const operator = samplesOf((await second.ask('/metrics')).text)
  const local = samplesOf(await localMetrics())
  const shared = [...operator].filter(([sample]) => /name="measured[/"]/.test(sample))
  assert.deepEqual(new Map(shared), local)
  assert.equal(local.get('loom_step_rows_total{name="measured/main/fine"}'), 1)
  assert.equal(local.get('loom_lifecycle_errors_total{scope="step",name="measured/main/broken",kind="invalid"}'), 1)
  assert.equal(operator.get('loom_step_failures_total{reason="InvalidInput"}'), 1)
  assert.equal(operator.get('loom_step_rows_total{name="(inline)/main/unnamed"}'), 1)
  for (const [sample] of [...operator, ...local])
    assert.deepEqual(labelsOf(sample), METRICS[nameOf(sample)].labels, sample)
})

it('says whose every line of its log is, and so do the pods', async () => {
  const uid = (await cluster.run('measured'))?.metadata.uid
  const lines = second.lines().filter((line) => line['run'] === 'default/measured')
  assert.ok(lines.length >= 4, JSON.stringify(lines))
  for (const { runId, runUid, attempt } of lines) assert.deepEqual([runId, runUid, attempt], [uid, uid, 1])
  const steps = lines.filter(({ msg }) => msg === 'step ended')
  assert.deepEqual(
    steps.map((line) => [line['process'], line['step'], line['attempt'], line['try'], line['state']]),
    [
      ['main', 'fine', 1, 1, 'Succeeded'],
      ['main', 'broken', 1, 1, 'Failed'],
    ],
  )
  for (const { metadata } of await cluster.pods('measured')) {
    const told = cluster.node.log({ name: metadata.name, namespace: 'default' }).trim().split('\n')
    assert.ok(told.length >= 2)
    const step = metadata.labels?.['loom.etl/step']
    for (const line of told.map((text) => JSON.parse(text)))
      assert.deepEqual(
        [line.process, line.step, line.attempt, line.try, line.runId, line.runUid, typeof line.level],
        ['main', step, 1, 1, uid, uid, 'number'],
      )
  }
})

/** What `loom run --metrics-file` writes of the same pipeline on this machine. */
async function localMetrics(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'loom-measured-'))
  const documents = [PIPELINE, { kind: 'ETLStorage', metadata: { name: 'default' }, spec: LOCAL_STORAGE }]
  writeFileSync(
    join(folder, 'all.yaml'),
    documents.map((one) => stringify({ apiVersion: API_VERSION, ...one })).join('---\n'),
  )
  const args = [join(REPOSITORY, 'dist/cli/main.js'), 'run', '-f', 'all.yaml', '--storage', 'all.yaml']
  try {
    const runs = promisify(execFile)(process.execPath, [...args, '--metrics-file', 'loom.prom'], { cwd: folder })
    await assert.rejects(runs, { code: 1 })
    return readFileSync(join(folder, 'loom.prom'), 'utf8')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const LOCAL_STORAGE = { defaults: { tablePath: { uri: 'tables' } }, temp: { root: 'temp' } }

const nameOf = (sample: string) =>
  sample.replace(/\{.*$/, '').replace(/(?<=_seconds)_(count|bucket|sum)$/, '') as keyof typeof METRICS

const labelsOf = (sample: string): string[] => [...sample.matchAll(/(\w+)="[^"]*"/g)].map(([, label = '']) => label)

/** Values of the samples of the table's metrics, but for what is measured in seconds. */
function samplesOf(text: string): Map<string, number> {
  const samples = text.split('\n').map((line) => /^(loom_\w+(?:\{.*\})?) (\S+)$/.exec(line))
  const counted = samples.flatMap((found) => (found === null ? [] : [[found[1] ?? '', Number(found[2])] as const]))
  return new Map(counted.filter(([sample]) => !/_seconds(_sum|_bucket)?(\{|$)/.test(sample)))
}

// Last: an API server that has just begun refuses everybody for a moment, since it knows no roles yet.
it('stops at once when nothing is to do; one that is started then goes on after the API server was gone', async () => {
  assert.equal(await stopped(second), 0)
  const third = start()
  await third.leads()
  await cluster.apply(run('cut', [quick('one'), slow('two', { timeout: '4s' })]))
  await cluster.runIs('cut', 'has begun', ({ progress }) => progress === '1/2')
  await cluster.plane.restartApiServer()
  const { phase, failures } = await cluster.ends('cut')
  assert.deepEqual([phase, failures?.[0]?.reason], ['Failed', 'TimedOut'])
})
