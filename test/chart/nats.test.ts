// The chart's own NATS server as it is rendered.
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { kinds, only, type Rendered, refusal, render } from './support/rendered.ts'

const NAME = 'loom-operator-nats'
const BUNDLED = { 'nats.enabled': true, 'nats.namespaces': ['etl', 'etl-staging'] }

let objects: readonly Rendered[]
const podOf = (of: readonly Rendered[]) => only(of, 'Deployment', NAME).spec.template.spec
const operatorArgs = (of: readonly Rendered[]): string[] =>
  only(of, 'Deployment', 'loom-operator').spec.template.spec.containers[0].args

before(async () => {
  objects = await render(BUNDLED)
})

describe('the server', () => {
  it('is there only where it is asked for', async () => {
    const plain = await render()
    assert.ok(!plain.some(({ metadata }) => metadata.name.includes('nats')))
    assert.ok(!kinds(plain).includes('Secret'))
    for (const kind of ['Deployment', 'Service', 'ConfigMap', 'Secret', 'NetworkPolicy']) only(objects, kind, NAME)
  })

  it('is what the operator and the workers are told to use', () => {
    for (const argument of ['--nats', '--nats-for-workers'])
      assert.ok(operatorArgs(objects).includes(`${argument}=nats://${NAME}.loom-system.svc:4222`), argument)
    const { selector, ports } = only(objects, 'Service', NAME).spec
    const { metadata, spec } = only(objects, 'Deployment', NAME).spec.template
    for (const [label, value] of Object.entries(selector)) assert.equal(metadata.labels[label], value)
    assert.deepEqual(ports, [{ name: 'nats', port: 4222, targetPort: 'nats' }])
    assert.deepEqual(spec.containers[0].ports[0], { name: 'nats', containerPort: 4222 })
  })

  it("is not taken for the operator by the operator's own selectors", () => {
    const { labels } = only(objects, 'Deployment', NAME).spec.template.metadata
    for (const [kind, name] of [
      ['Service', 'loom-operator'],
      ['PodDisruptionBudget', 'loom-operator'],
      ['Deployment', 'loom-operator'],
    ] as const) {
      const { selector } = only(objects, kind, name).spec
      const wanted: Record<string, string> = selector.matchLabels ?? selector
      assert.ok(
        Object.entries(wanted).some(([label, value]) => labels[label] !== value),
        kind,
      )
    }
  })

  it('runs restricted, on a root that is read only, without a token, and is asked how it is', () => {
    const { securityContext, automountServiceAccountToken, containers } = podOf(objects)
    assert.deepEqual([securityContext.runAsNonRoot, automountServiceAccountToken], [true, false])
    const [{ securityContext: own, resources, livenessProbe, readinessProbe }] = containers
    assert.deepEqual(own, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    assert.ok(resources.requests.memory && resources.requests.cpu && resources.limits.memory)
    for (const probe of [livenessProbe, readinessProbe])
      assert.deepEqual(probe.httpGet, { path: '/healthz', port: 'monitor' })
  })

  it('takes what else is said of it', async () => {
    const digest = `sha256:${'a'.repeat(64)}`
    const more = await render({
      ...BUNDLED,
      'nats.image.digest': digest,
      'nats.port': 4333,
      'nats.prefix': 'weave',
      'nats.podAnnotations': { note: 'x' },
      'nats.resources': { limits: { memory: '1Gi' } },
      imagePullSecrets: [{ name: 'pull' }],
      commonLabels: { stage: 'test' },
      'networkPolicy.metricsFrom': [{ podSelector: {} }],
    })
    const { metadata, spec } = only(more, 'Deployment', NAME).spec.template
    assert.equal(spec.containers[0].image, `nats@${digest}`)
    assert.deepEqual(
      [metadata.annotations.note, metadata.labels.stage, spec.imagePullSecrets],
      ['x', 'test', [{ name: 'pull' }]],
    )
    assert.ok(operatorArgs(more).includes(`--nats=nats://${NAME}.loom-system.svc:4333`))
    const conf: string = only(more, 'ConfigMap', NAME)['data']['nats.conf']
    assert.match(conf, /^port: 4333$/m)
    assert.ok(!conf.includes('loom'), conf)
    assert.deepEqual(only(more, 'NetworkPolicy', NAME).spec.ingress[1], {
      ports: [{ port: 'monitor', protocol: 'TCP' }],
      from: [{ podSelector: {} }],
    })
  })

  it('is replaced when its users change, and not when the chart does', async () => {
    const checksum = (of: readonly Rendered[]): string =>
      only(of, 'Deployment', NAME).spec.template.metadata.annotations['checksum/config']
    assert.equal(checksum(await render({ ...BUNDLED, commonLabels: { a: 'b' } })), checksum(objects))
    assert.notEqual(checksum(await render({ ...BUNDLED, 'nats.namespaces': ['etl'] })), checksum(objects))
  })

  it('may be reached by the operator and by workers of its namespaces, and reaches nobody', () => {
    const { podSelector, policyTypes, ingress, egress } = only(objects, 'NetworkPolicy', NAME).spec
    assert.deepEqual(podSelector, only(objects, 'Deployment', NAME).spec.selector)
    assert.deepEqual([policyTypes, egress, ingress.length], [['Ingress', 'Egress'], [], 1])
    const [{ ports, from }] = ingress
    assert.deepEqual(ports, [{ port: 'nats', protocol: 'TCP' }])
    assert.deepEqual(from[0], { podSelector: only(objects, 'Deployment', 'loom-operator').spec.selector })
    assert.deepEqual(from[2], {
      namespaceSelector: {
        matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['etl', 'etl-staging'] }],
      },
      podSelector: { matchExpressions: [{ key: 'loom.etl/pool', operator: 'Exists' }] },
    })
    const { egress: operators } = only(objects, 'NetworkPolicy', 'loom-operator').spec
    assert.deepEqual(operators[1], { ports: [{ port: 4222, protocol: 'TCP' }], to: [{ podSelector }] })
  })

  it('serves the namespaces that are watched where none are named', async () => {
    const watched = await render({ 'nats.enabled': true, watchNamespaces: ['b', 'a'] })
    const secrets = watched.filter(({ kind, metadata }) => kind === 'Secret' && metadata.name === 'loom-workers')
    assert.deepEqual(
      secrets.map(({ metadata }) => metadata.namespace),
      ['a', 'b'],
    )
    const nobody = await render({ 'nats.enabled': true })
    assert.equal(nobody.filter(({ kind }) => kind === 'Secret').length, 1)
    assert.equal(only(nobody, 'NetworkPolicy', NAME).spec.ingress[0].from.length, 2)
  })

  it('is not brought beside another', async () => {
    const said = await refusal({ ...BUNDLED, 'nats.url': 'nats://elsewhere:4222' })
    assert.match(said, /nats.enabled brings a NATS server, so nats.url must be empty/)
  })
})

describe('passwords', () => {
  const decoded = (secret: Rendered): Record<string, string> =>
    Object.fromEntries(
      Object.entries(secret['data'] as Record<string, string>).map(([key, value]) => [
        key,
        Buffer.from(value, 'base64').toString(),
      ]),
    )
  const workers = (namespace: string) =>
    objects.find(({ kind, metadata }) => kind === 'Secret' && metadata.namespace === namespace) as Rendered

  it('are long, differ, and lie in Secrets only', () => {
    const { username, password, ...others } = decoded(only(objects, 'Secret', NAME))
    assert.equal(username, 'operator')
    const all = [password ?? '', ...Object.values(others)]
    assert.equal(new Set(all).size, 3)
    for (const each of all) assert.match(each, /^[A-Za-z0-9]{40}$/)
    const elsewhere = JSON.stringify(objects.filter(({ kind }) => kind !== 'Secret'))
    for (const each of all) {
      assert.ok(!elsewhere.includes(each))
      assert.ok(!elsewhere.includes(Buffer.from(each).toString('base64')))
    }
  })

  it('of the workers of a namespace lie there, under the name that its storage gives', async () => {
    for (const namespace of ['etl', 'etl-staging']) {
      const { metadata } = workers(namespace)
      assert.equal(metadata.name, 'loom-workers')
      const { username, password } = decoded(workers(namespace))
      assert.equal(username, `workers.${namespace}`)
      assert.equal(password, decoded(only(objects, 'Secret', NAME))[`workers.${namespace}`])
    }
    only(await render({ ...BUNDLED, 'nats.namespaces': ['etl'], 'nats.workersSecret': 'keys' }), 'Secret', 'keys')
  })

  it('reach the operator as files, without those of the workers', () => {
    const { volumes, containers } = only(objects, 'Deployment', 'loom-operator').spec.template.spec
    const items = ['username', 'password'].map((key) => ({ key, path: key }))
    assert.deepEqual(volumes, [{ name: 'nats-credentials', secret: { secretName: NAME, items } }])
    assert.equal(containers[0].volumeMounts[0].mountPath, '/etc/loom/nats')
    assert.ok(operatorArgs(objects).includes('--nats-credentials=/etc/loom/nats'))
  })

  it("are made by nobody where somebody's Secret is named", async () => {
    const given = await render({ ...BUNDLED, 'nats.credentialsSecret': 'ours' })
    assert.ok(!kinds(given).includes('Secret'))
    const { env } = podOf(given).containers[0]
    const from = env.flatMap(({ valueFrom }: Rendered) => (valueFrom === undefined ? [] : [valueFrom.secretKeyRef]))
    assert.deepEqual(
      from,
      ['username', 'password', 'workers.etl', 'workers.etl-staging'].map((key) => ({ name: 'ours', key })),
    )
    const { volumes } = only(given, 'Deployment', 'loom-operator').spec.template.spec
    assert.equal(volumes[0].secret.secretName, 'ours')
  })
})
