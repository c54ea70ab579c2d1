// What the operator may do, what its pods may do, and what a run can't get at: on a real API server, as a service account.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { API_VERSION } from '../../src/manifest/index.ts'
import { LEASE_RULES, OPERATOR_RULES, OWNER_RULES, type RbacRule } from '../../src/operator/index.ts'
import { until } from './bed/index.ts'
import { Cluster, pathOf } from './support/cluster.ts'
import type { OperatorProcess } from './support/operator-process.ts'
import { inline, quick, run, slow } from './support/pipelines.ts'
import { patchPool, pool, poolIs, workersOf } from './support/pools.ts'
import { operatorAccount } from './support/rights.ts'
import { withVolume } from './support/storages.ts'

let cluster: Cluster
let account: Awaited<ReturnType<typeof operatorAccount>>
let operator: OperatorProcess

before(async () => {
  cluster = await Cluster.start()
  await cluster.apply(cluster.storage())
  account = await operatorAccount(cluster.plane)
  operator = start()
})

after(() => cluster?.[Symbol.asyncDispose]())

/** Nobody listens there. */
const NO_BROKER = 'nats://127.0.0.1:1'

const start = () =>
  cluster.startOperator({
    kubeconfig: account.kubeconfig,
    flags: ['--lease-namespace', account.namespace, '--nats', NO_BROKER],
  })

describe('a step', () => {
  it('runs in a namespace that takes only restricted pods, as nobody, without a token, on a root that it can not write', async () => {
    const lake = { volumes: [{ name: 'lake', emptyDir: {} }] }
    await cluster.makeNamespace('guarded', { 'pod-security.kubernetes.io/enforce': 'restricted' }, lake)
    const looks = {
      name: 'looks',
      code: {
        inline: `import { existsSync, readFileSync, writeFileSync } from 'node:fs'
export default async function* () {
  const capabilities = /^CapEff:\\s*(\\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  let root = 'writable'
  try { writeFileSync('/here', '') } catch (thrown) { root = thrown.code }
  const token = existsSync('/var/run/secrets/kubernetes.io/serviceaccount')
  console.log(JSON.stringify({ sees: { user: process.getuid(), token, root, capabilities } }))
  await new Promise((resolve) => setTimeout(resolve, 600_000))
  yield { a: 1 }
}`,
      },
      target: { table: { ref: 'out.looks', append: {} } },
    }
    const place = { namespace: 'guarded' }
    await cluster.apply({ ...run('looks', [looks]), metadata: { name: 'looks', ...place } })
    const pod = await cluster.begun('looks', { says: '"sees"', ...place })
    const said = cluster.node.log({ name: pod.metadata.name, ...place }).split('\n')
    const { sees } = JSON.parse(said.find((line) => line.startsWith('{"sees"')) ?? '{}')
    assert.deepEqual(sees, { user: 65532, token: false, root: 'EROFS', capabilities: '0000000000000000' })
    assert.equal(pod.spec.automountServiceAccountToken, false)
    assert.doesNotMatch(JSON.stringify(pod.spec.volumes), /token|projected/)
    await cluster.patchRun('looks', { cancel: true }, 'guarded')
    assert.equal((await cluster.ends('looks', place)).phase, 'Cancelled')
  })

  it('gets no volume, account or environment that the run asked for', async () => {
    const wishes = {
      serviceAccountName: account.name,
      volumes: [{ name: 'theirs', secret: { secretName: 'theirs' } }],
      volumeMounts: [{ name: 'theirs', mountPath: '/theirs' }],
      imagePullSecrets: [{ name: 'theirs' }],
      env: [{ name: 'THEIRS', valueFrom: { secretKeyRef: { name: 'theirs', key: 'password' } } }],
    }
    await cluster.apply(run('wishes', [quick('wishes')], { step: wishes }))
    assert.equal((await cluster.ends('wishes')).phase, 'Succeeded')
    const [pod] = await cluster.pods('wishes')
    assert.equal(pod?.spec['serviceAccountName'], 'default')
    assert.doesNotMatch(JSON.stringify(pod), /theirs|THEIRS/i)
  })
})

describe('a run can not reach what its storage does not name:', () => {
  const code = { ...quick('code'), sources: {}, code: { inline: 'export default () => [{ a: 1 }]' } }
  const reads = (path: string) => ({
    ...quick('file'),
    sources: { csv: { file: { path, format: 'csv' } } },
    sql: 'SELECT * FROM csv',
  })
  const denied = (setting: string, value: unknown) => ({
    what: setting,
    spec: { pipeline: inline([quick('denied')]), step: { [setting]: value } },
    says: new RegExp(`${setting} .*not allowed by the storage; its owner can add it to spec\\.pods\\.allow`),
  })
  const ATTEMPTS = [
    denied('image', 'theirs:latest'),
    denied('resources', { limits: { memory: '512Gi' } }),
    denied('nodeSelector', { machine: 'theirs' }),
    denied('tolerations', [{ key: 'theirs', operator: 'Exists' }]),
    denied('affinity', { nodeAffinity: {} }),
    denied('priorityClassName', 'system-node-critical'),
    denied('labels', { 'theirs.io/inject': 'yes' }),
    denied('annotations', { 'theirs.io/inject': 'yes' }),
    {
      what: 'code',
      spec: { pipeline: inline([code]) },
      says: /step "main\/code" runs code, which the storage does not allow; its owner can set spec\.pods\.allowCode/,
    },
    {
      what: 'file',
      spec: { pipeline: inline([reads('/etc/loom/nats/password')]) },
      says: /step "main\/file" names "\/etc\/loom\/nats\/password", which is neither below .* nor below what it mounts/,
    },
  ]

  before(async () => {
    const secret = { name: 'login', secret: { secretName: 'ours', optional: true } }
    await cluster.applyStorage('narrow', { ...withVolume(cluster.lake, secret), allowCode: false })
  })

  for (const { what, spec, says } of ATTEMPTS)
    it(`${what} is denied`, async () => {
      const name = `asks-${what.toLowerCase()}`
      await cluster.apply({ kind: 'ETLRun', metadata: { name }, spec: { ...spec, storageRef: { name: 'narrow' } } })
      const status = await cluster.ends(name)
      assert.deepEqual([status.phase, status.reason], ['Failed', 'Denied'])
      assert.match(status.message ?? '', says)
      assert.match(await cluster.tells(name, 'Denied'), says)
      assert.deepEqual(await cluster.jobs(name), [])
    })

  for (const field of ['volumes', 'volumeMounts', 'env', 'envFrom', 'imagePullSecrets', 'serviceAccountName'])
    it(`${field} is no field of a run`, async () => {
      const asked = run('strictly', [quick('strictly')], { step: { [field]: [] } })
      await assert.rejects(
        cluster.plane.api.create(`${pathOf('ETLRun')}?fieldValidation=Strict`, { apiVersion: API_VERSION, ...asked }),
        new RegExp(`unknown field "spec\\.step\\.${field}"`),
      )
    })

  it('SQL opens no file of the container', async () => {
    const reads = { ...quick('reads'), sources: {}, sql: "SELECT content FROM read_text('/login/*')" }
    await cluster.apply(run('reads', [reads], { storageRef: { name: 'narrow' } }))
    const { phase, failures } = await cluster.ends('reads')
    assert.deepEqual([phase, failures?.[0]?.reason], ['Failed', 'AccessDenied'])
    assert.match(failures?.[0]?.message ?? '', /read_text|file/i)
  })
})

describe('the operator', () => {
  it('has the rights that it uses, and no others', async () => {
    await usePools()
    await useEverything()
    assert.equal(await operator.stop('SIGTERM'), 0)
    const asked = cluster.plane.auditLog().filter(({ user }) => user === account.name)
    const refused = asked.filter(({ code }) => code === 403).map(({ verb, path }) => `${verb} ${path}`)
    assert.deepEqual(refused, [])
    const used = asked.map(({ verb, group, resource, subresource }) =>
      [verb, group, subresource === '' ? resource : `${resource}/${subresource}`].join(' '),
    )
    assert.deepEqual([...new Set(used)].sort(), [...OPERATOR_RULES, ...LEASE_RULES].flatMap(rightsOf).sort())
  })

  it('asks for nothing wholesale, for no Secrets, and for no way into a pod', () => {
    const rules = [...OPERATOR_RULES, ...LEASE_RULES, ...OWNER_RULES]
    const rights = rules.flatMap(rightsOf)
    assert.equal(new Set(rights).size, rights.length)
    for (const right of rights)
      assert.doesNotMatch(right, /\*|secrets|pods\/|serviceaccounts|nodes|deletecollection|impersonate|escalate|bind/)
  })
})

const rightsOf = ({ apiGroups, resources, verbs }: RbacRule): string[] =>
  apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => [verb, group, resource].join(' '))))

/** Workers are made, replaced and sent away, whether or not anybody reaches the broker. */
async function usePools(): Promise<void> {
  await cluster.apply(pool('used', { replicas: { min: 1, max: 1 } }))
  await until('it has a worker', async () => (await workersOf(cluster, 'used')).length === 1)
  const [old] = await workersOf(cluster, 'used')
  await patchPool(cluster, 'used', { maxStepsPerProcess: 2 })
  await until('the worker is replaced', async () => {
    const now = await workersOf(cluster, 'used')
    return now.length === 1 && now[0]?.metadata.uid !== old?.metadata.uid
  })
  await patchPool(cluster, 'used', { paused: true })
  await poolIs(cluster, 'used', 'is empty', ({ reason, replicas }) => reason === 'Paused' && replicas === 0)
}

/** What an operator meets in its life: runs that end, are tried again, deleted, cleaned up after, handed over, held up. */
async function useEverything(): Promise<void> {
  const { api } = cluster.plane
  const temp = { ...quick('temp'), target: { temp: { name: 'temp' } } }
  await cluster.apply(run('ends', [temp, quick('done')], { ttlAfterFinished: '1s' }))
  await cluster.apply(run('deleted', [temp, slow('long')]))
  await cluster.runIs('deleted', 'has its temp', ({ progress }) => progress === '1/2')
  const first = await cluster.begun('deleted', { says: '"step":"long"' })
  await api.delete(
    `/apis/batch/v1/namespaces/default/jobs/${first.metadata.labels?.['batch.kubernetes.io/job-name']}`,
    { propagationPolicy: 'Background' },
  )
  await cluster.tells('deleted', 'JobDeleted')
  // The next one knows neither plans nor tries but by what it reads.
  assert.equal(await operator.stop('SIGTERM'), 0)
  operator = start()
  await operator.leads()
  await cluster.deleteRun('deleted')
  for (const name of ['deleted', 'ends'])
    await until(`run ${name} is gone`, async () => (await cluster.run(name)) === undefined)
  // Why a Job has no pod is told by its events only.
  await api.create('/api/v1/namespaces/default/resourcequotas', {
    metadata: { name: 'full' },
    spec: { hard: { pods: '0' } },
  })
  await cluster.apply(run('waits', [quick('waits')]))
  await cluster.runIs('waits', 'is told why', ({ reason }) => reason === 'QuotaExceeded')
  await cluster.cancel('waits')
}
