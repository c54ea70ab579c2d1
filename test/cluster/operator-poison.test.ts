// Poison that a real API server takes: objects that nobody makes in earnest, beside a sound run. Whatever happens to the
// poisoned ones, the sound one succeeds and the operator goes on as the same process.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { REASONS } from '../../src/manifest/index.ts'
import { encodeOutcome } from '../../src/plan/index.ts'
import { until } from './bed/index.ts'
import { Cluster, pathOf, type Run } from './support/cluster.ts'
import type { OperatorProcess } from './support/operator-process.ts'
import { inline, quick, run, slow } from './support/pipelines.ts'

const JOBS = '/apis/batch/v1/namespaces/default/jobs'
const MAPS = '/api/v1/namespaces/default/configmaps'
const PODS = '/api/v1/namespaces/default/pods'

let cluster: Cluster
let operator: OperatorProcess

before(async () => {
  cluster = await Cluster.start()
  await cluster.apply(cluster.storage())
  operator = cluster.startOperator()
  await operator.leads()
})

after(() => cluster?.[Symbol.asyncDispose]())

const status = (name: string, patch: unknown) =>
  cluster.plane.api.patch(`${pathOf('ETLRun')}/${name}/status`, { status: patch })
const labelled = (name: string, uid: string, more: object = {}) => ({
  'app.kubernetes.io/managed-by': 'loom-operator',
  'app.kubernetes.io/component': 'step',
  'loom.etl/run': name,
  'loom.etl/run-uid': uid,
  'loom.etl/process': 'main',
  'loom.etl/step': 'long',
  'loom.etl/attempt': '1',
  'loom.etl/try': '1',
  ...more,
})
const container = { name: 'step', image: 'x', command: ['true'] }
const uidOf = async (name: string) => (await cluster.run(name))?.metadata.uid ?? ''

/** A run whose only step runs for ten minutes: what is written into its status meanwhile is not the operator's. */
async function running(name: string): Promise<void> {
  await cluster.apply(run(name, [slow('long')]))
  await cluster.pod(name, (pod) => pod.status?.phase === 'Running')
}

const termination = (message: string) => ({
  phase: 'Failed',
  containerStatuses: [
    {
      name: 'step',
      image: 'x',
      imageID: '',
      ready: false,
      restartCount: 0,
      state: { terminated: { exitCode: 1, reason: 'Error', message } },
    },
  ],
})

/** Statuses as people might edit them: each is lawful for the schema of the CRD. */
const STATUSES: Record<string, object> = {
  'ended-before-it-began': { phase: 'Succeeded', finishedAt: '1970-01-01T00:00:00Z' },
  'far-future': {
    startedAt: '9999-12-31T23:59:59Z',
    attempt: 7,
    stepStates: 'RRRR',
    planConfigMap: 'kube-root-ca.crt',
  },
  'odd-states': {
    startedAt: '2026-01-01T00:00:00Z',
    stepStates: '日本\u0000??',
    planHash: 'x',
    planConfigMap: '../..',
  },
  'huge-states': { startedAt: '2026-01-01T00:00:00Z', stepStates: 'S'.repeat(20_000) },
  'other-plan': { startedAt: '2026-01-01T00:00:00Z', planHash: 'sha256:0', planConfigMap: '__proto__' },
  'every-reason-odd': { phase: 'Running', reason: '__proto__', message: '\u0000\u001b[31m', runId: 'constructor' },
  'steps-of-nobody': {
    startedAt: '2026-01-01T00:00:00Z',
    attempt: 1,
    stepStates: 'R',
    steps: [{ process: '__proto__', step: 'constructor', state: 'Running', attempt: 1, try: 2_000_000_000 }],
  },
  'next-attempt-long-ago': {
    phase: 'Running',
    startedAt: '2026-01-01T00:00:00Z',
    nextAttemptAt: '1000-01-01T00:00:00Z',
  },
  'conditions-of-others': {
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: '',
        message: '',
        lastTransitionTime: '2026-01-01T00:00:00Z',
        observedGeneration: 99,
      },
    ],
  },
}

/** Specs that the schema takes. */
const SPECS: Record<string, object> = {
  'no-such-table': { pipeline: inline([quick('x', { sources: { a: { table: { ref: 'no.such' } } } })]) },
  'not-sql': { pipeline: inline([quick('x', { sql: '\u0000;; DROP $(params.x' })]) },
  itself: { pipelineRef: { name: 'itself' }, storageRef: { name: 'itself' } },
  'endless-waits': {
    pipeline: inline([quick('x')]),
    retry: { limit: 100, backoff: { initial: '9999999999d', max: '99999999999999999999d' } },
    timeout: '99999999999999999999d',
  },
  'no-time': { pipeline: inline([quick('x')]), timeout: '0s', ttlAfterFinished: '0ms' },
  'odd-params': { pipeline: inline([quick('x')]), params: { constructor: '', toString: [] } },
  'labels-of-ours': { pipeline: inline([quick('x')]), step: { labels: { 'loom.etl/run-uid': 'other' } } },
}

/** Objects that say they are the run's, and are not; or that are, and say what they can not know. */
const STRANGERS: Record<string, (name: string) => Promise<unknown>> = {
  'pod-of-nobody': async (name) => {
    const metadata = { name: `${name}-x`, labels: labelled(name, await uidOf(name)) }
    const spec = { restartPolicy: 'Never', nodeName: 'nowhere', containers: [container] }
    await cluster.plane.api.create(PODS, { metadata, spec })
    const outcome = { process: 'main', step: 'long', state: 'Succeeded', durationMs: 1 } as const
    const message = encodeOutcome({ runUid: await uidOf(name), attempt: 1, try: 1 }, outcome)
    await cluster.plane.api.patch(`${PODS}/${name}-x/status`, { status: termination(message) }, 'strategic-merge')
  },
  'job-of-nobody': async (name) => {
    const labels = labelled(name, await uidOf(name))
    const template = { metadata: { labels }, spec: { restartPolicy: 'Never', containers: [container] } }
    await cluster.plane.api.create(JOBS, { metadata: { name: `${name}-x`, labels }, spec: { suspend: true, template } })
  },
  'job-that-counts-oddly': async (name) => {
    const [job] = await cluster.jobs(name)
    const labels = { 'loom.etl/attempt': '1e9', 'loom.etl/try': '0', 'loom.etl/step': '' }
    await cluster.plane.api.patch(`${JOBS}/${job?.metadata.name}`, { metadata: { labels } })
  },
  'labels-of-a-plan': async (name) => {
    const { planConfigMap } = (await cluster.run(name))?.status ?? {}
    const metadata = {
      labels: { 'loom.etl/run-uid': await uidOf('pod-of-nobody') },
      annotations: null,
      ownerReferences: null,
    }
    await cluster.plane.api.patch(`${MAPS}/${planConfigMap}`, { metadata })
  },
  'annotations-of-a-pod': async (name) => {
    const pod = await cluster.pod(name)
    const annotations = { 'loom.etl/plan-hash': '\u0000', 'x/y': 'z'.repeat(100_000) }
    await cluster.plane.api.patch(`${PODS}/${pod.metadata.name}`, { metadata: { annotations } })
  },
  'labels-of-a-pod': async (name) => {
    const pod = await cluster.pod(name)
    await cluster.plane.api.patch(`${PODS}/${pod.metadata.name}`, {
      metadata: { labels: { 'loom.etl/run-uid': 'none', 'loom.etl/try': '2' } },
    })
  },
}

const MESSAGES: Record<string, (uid: string) => string> = {
  'half-an-outcome': () => '{"version":1,"runUid":"x","outc',
  'huge-message': () => 'x'.repeat(4096),
  'outcome-of-another-run': () =>
    encodeOutcome(
      { runUid: 'another', attempt: 1, try: 1 },
      { process: 'main', step: 'long', state: 'Succeeded', durationMs: 1 },
    ),
  'outcome-with-prototype': (uid) =>
    `{"__proto__":{"state":"Succeeded"},"version":1,"runUid":"${uid}","attempt":1,"try":1,"outcome":{"process":"main","step":"long","state":"__proto__"}}`,
  'outcome-of-wrong-types': (uid) =>
    `{"version":1,"runUid":"${uid}","attempt":1,"try":1,"outcome":{"process":"main","step":"long","state":"Succeeded","durationMs":-1,"write":{"rows":1e308,"bytes":null,"tableVersion":0.5,"warnings":7}}}`,
  'a-null': () => 'null',
  'control-characters': () => '\u0001\u0002\u001b[2J{"version":1}',
}

it('poisoned objects stop nobody else’s run, and not the operator', { timeout: 400_000 }, async () => {
  const refused: string[] = []
  const poison = async (name: string, put: () => Promise<unknown>) => {
    await put().catch((thrown: unknown) => refused.push(`${name}: ${String(thrown).slice(0, 200)}`))
  }
  const annotations = {
    'loom.etl/anything': '{"__proto__":1}',
    'kubectl.kubernetes.io/last-applied-configuration': 'x'.repeat(200_000),
  }
  await poison('annotations', () =>
    cluster.apply({
      ...run('annotations', [quick('x')]),
      metadata: { name: 'annotations', annotations, finalizers: ['somebody.else/keeps'] },
    }),
  )
  for (const [name, spec] of Object.entries(SPECS))
    await poison(name, () => cluster.apply({ kind: 'ETLRun', metadata: { name }, spec: { ...spec } }))
  for (const [name, edited] of Object.entries(STATUSES)) {
    await poison(name, () => cluster.apply(run(name, [quick(name.replaceAll('-', '_'))])))
    await poison(name, () => status(name, edited))
  }
  for (const [name, put] of Object.entries(STRANGERS)) {
    await running(name)
    await poison(name, () => put(name))
  }
  for (const [name, message] of Object.entries(MESSAGES)) {
    await running(name)
    const pod = await cluster.pod(name)
    const text = message(await uidOf(name))
    await poison(name, () =>
      cluster.plane.api.patch(`${PODS}/${pod.metadata.name}/status`, { status: termination(text) }, 'strategic-merge'),
    )
  }
  assert.deepEqual(refused, [])

  await cluster.apply(run('neighbour', [quick('one'), quick('two')]))
  assert.equal((await cluster.ends('neighbour', { seconds: 120 })).phase, 'Succeeded')

  const forged = await cluster.run('pod-of-nobody')
  assert.equal(forged?.status?.phase, 'Running', 'an outcome of a pod that is not the step’s counts for nothing')
  for (const name of ['half-an-outcome', 'outcome-of-another-run', 'outcome-with-prototype', 'a-null']) {
    const { reason, failures } = await cluster.runIs(name, 'has failed', ({ phase }) => phase === 'Failed')
    assert.deepEqual([reason, failures?.[0]?.reason], ['StepFailed', 'OutcomeMalformed'], name)
  }
  const edited = ['ended-before-it-began']
  for (const { metadata, status } of await cluster.plane.api.list<Run>(pathOf('ETLRun'))) {
    const { phase, reason = '' } = status ?? {}
    if (!edited.includes(metadata.name))
      assert.ok(phase !== undefined && reason in REASONS, `${metadata.name}: ${reason}`)
    assert.notEqual(reason, 'Defect', metadata.name)
  }
  await operatorIsWell()
})

/** The same process leads still, every run has a reason with a name, and no look ended in a bug. */
async function operatorIsWell(): Promise<void> {
  const leads = operator.lines().filter(({ msg }) => msg === 'leading')
  assert.equal(leads.length, 1)
  await until('it is healthy', async () => (await operator.ask('/healthz')).status === 200)
  const { text } = await operator.ask('/metrics')
  assert.match(text, /^loom_leader 1$/m)
  assert.doesNotMatch(text, /^loom_reconcile_duration_seconds_count\{result="defect"\} [1-9]/m)
  const errors = operator.lines().filter(({ level }) => Number(level) >= 50)
  assert.deepEqual(errors, [])
}
