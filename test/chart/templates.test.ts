// What the chart's templates make of values: every switch, and what must hold whatever the values are.
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { parse } from 'yaml'
import { KINDS, renderCrds } from '../../src/manifest/index.ts'
import { LEASE_RULES, OPERATOR_RULES, OPERATOR_SETTINGS, OWNER_RULES } from '../../src/operator/index.ts'
import { kinds, lint, only, type Rendered, render } from './support/rendered.ts'

const NAME = 'loom-operator'
const container = (objects: readonly Rendered[]) => only(objects, 'Deployment').spec.template.spec.containers[0]
const args = (objects: readonly Rendered[]): string[] => container(objects).args

let plain: readonly Rendered[]

before(async () => {
  plain = await render()
})

it('passes helm lint', async () => {
  assert.match(await lint(), /1 chart\(s\) linted, 0 chart\(s\) failed/)
})

it('makes with no values: definitions, the operator with its rights, its service and its fences', () => {
  assert.deepEqual(kinds(plain), [
    'ClusterRole',
    'ClusterRoleBinding',
    'CustomResourceDefinition',
    'Deployment',
    'NetworkPolicy',
    'Pod',
    'PodDisruptionBudget',
    'Role',
    'RoleBinding',
    'Service',
    'ServiceAccount',
  ])
})

it('labels every object as its own, and puts it into the namespace of the release', () => {
  for (const { kind, metadata } of plain) {
    assert.equal(metadata.labels?.['app.kubernetes.io/instance'], NAME, `${kind} ${metadata.name}`)
    const inCluster = ['ClusterRole', 'ClusterRoleBinding', 'CustomResourceDefinition'].includes(kind)
    assert.equal(metadata.namespace, inCluster ? undefined : 'loom-system', `${kind} ${metadata.name}`)
  }
})

describe('custom resource definitions', () => {
  it('are those of the schemas, and kept when the release goes', () => {
    for (const { yaml } of renderCrds()) {
      const { metadata, spec } = parse(yaml)
      const rendered = only(plain, 'CustomResourceDefinition', metadata.name)
      assert.deepEqual(rendered.spec, spec)
      assert.equal(rendered.metadata.annotations?.['helm.sh/resource-policy'], 'keep')
    }
    assert.equal(plain.filter(({ kind }) => kind === 'CustomResourceDefinition').length, Object.keys(KINDS).length)
  })

  it('go with the release where crds.keep is false', async () => {
    const objects = await render({ 'crds.keep': false })
    for (const { kind, metadata } of objects)
      if (kind === 'CustomResourceDefinition') assert.equal(metadata.annotations, undefined)
  })

  it('are left out where crds.install is false', async () => {
    assert.ok(!kinds(await render({ 'crds.install': false })).includes('CustomResourceDefinition'))
  })
})

describe('rights', () => {
  const operatorRules = [...OPERATOR_RULES, ...OWNER_RULES]

  it('are what the operator asks for, in all namespaces, and its lease in its own', () => {
    assert.deepEqual(only(plain, 'ClusterRole', NAME).rules, operatorRules)
    const binding = only(plain, 'ClusterRoleBinding', NAME)
    assert.deepEqual(binding.roleRef, { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: NAME })
    assert.deepEqual(binding.subjects, [{ kind: 'ServiceAccount', name: NAME, namespace: 'loom-system' }])
    assert.deepEqual(only(plain, 'Role', `${NAME}-lease`).rules, LEASE_RULES)
    assert.equal(only(plain, 'RoleBinding', `${NAME}-lease`).roleRef.name, `${NAME}-lease`)
  })

  it('are in the named namespaces only where watchNamespaces names some', async () => {
    const objects = await render({ watchNamespaces: ['a', 'b'] })
    const roles = objects.filter(({ kind, metadata }) => kind === 'Role' && metadata.name === NAME)
    assert.deepEqual(
      roles.map(({ metadata, rules }) => [metadata.namespace, rules]),
      [
        ['a', operatorRules],
        ['b', operatorRules],
      ],
    )
    const bindings = objects.filter(({ kind, metadata }) => kind === 'RoleBinding' && metadata.name === NAME)
    assert.deepEqual(
      bindings.map(({ metadata }) => metadata.namespace),
      ['a', 'b'],
    )
    assert.ok(bindings.every(({ subjects }) => subjects[0].namespace === 'loom-system'))
    assert.ok(!kinds(objects).includes('ClusterRoleBinding'))
    assert.ok(args(objects).includes('--namespace=a,b'))
    const steps = objects.filter(({ kind, metadata }) => kind === 'ServiceAccount' && metadata.name === 'loom-step')
    assert.deepEqual(
      steps.map(({ metadata }) => metadata.namespace),
      ['a', 'b'],
    )
  })

  it('hold no wildcard and no Secret', () => {
    for (const { kind, metadata, rules } of plain)
      for (const rule of (kind === 'ClusterRole' || kind === 'Role' ? rules : []) as Record<string, string[]>[]) {
        assert.ok(!Object.values(rule).flat().includes('*'), metadata.name)
        assert.ok(!rule['resources']?.includes('secrets'), metadata.name)
      }
  })

  it('can be left to somebody else', async () => {
    const objects = await render({
      'rbac.create': false,
      'rbac.aggregate': false,
      'serviceAccount.create': false,
      'serviceAccount.name': 'theirs',
    })
    assert.deepEqual(
      kinds(objects).filter((kind) => /Role/.test(kind)),
      [],
    )
    assert.equal(only(objects, 'ServiceAccount').metadata.name, 'loom-step')
    assert.equal(only(objects, 'Deployment').spec.template.spec.serviceAccountName, 'theirs')
  })

  const may = (role: string, verb: string, group = 'loom.etl'): string[] =>
    (only(plain, 'ClusterRole', role).rules as Record<string, string[]>[])
      .filter((rule) => rule['verbs']?.includes(verb) && rule['apiGroups']?.includes(group))
      .flatMap((rule) => rule['resources'] ?? [])
      .filter((resource) => !resource.includes('/status'))
      .sort()

  it('of people cover every kind: viewers read, editors write pipelines and runs, storage is for administrators', () => {
    const plurals = Object.keys(KINDS).map((kind) => `${kind.toLowerCase()}s`)
    for (const role of ['etl-viewer', 'etl-editor', 'etl-storage-admin'])
      assert.deepEqual(may(role, 'list'), [...plurals].sort(), role)
    assert.deepEqual(may('etl-viewer', 'patch'), [])
    assert.deepEqual([...may('etl-editor', 'patch'), ...may('etl-storage-admin', 'patch')].sort(), [...plurals].sort())
    assert.ok(!may('etl-editor', 'patch').includes('etlstorages'))
  })

  it('of people let them see the pods of steps and their logs, and nothing else that is not ours', () => {
    for (const role of ['etl-viewer', 'etl-editor', 'etl-storage-admin']) {
      assert.deepEqual(may(role, 'get', ''), ['pods', 'pods/log'], role)
      assert.deepEqual([...may(role, 'list', ''), ...may(role, 'watch', '')], ['pods', 'pods'], role)
      for (const verb of ['create', 'update', 'patch', 'delete']) assert.deepEqual(may(role, verb, ''), [], role)
    }
  })

  it("of people are added to Kubernetes' own roles", () => {
    const into = (role: string) =>
      Object.keys(only(plain, 'ClusterRole', role).metadata.labels ?? {})
        .filter((label) => label.includes('aggregate-to-'))
        .map((label) => label.split('aggregate-to-')[1])
        .sort()
    assert.deepEqual(into('etl-viewer'), ['admin', 'edit', 'view'])
    assert.deepEqual(into('etl-editor'), ['admin', 'edit'])
    assert.deepEqual(into('etl-storage-admin'), ['admin'])
  })

  it('of steps are none: their account is bound to nothing and has no token', () => {
    const account = only(plain, 'ServiceAccount', 'loom-step')
    assert.equal(account['automountServiceAccountToken'], false)
    const bound = plain.flatMap(({ subjects }) => subjects ?? []).map(({ name }: { name: string }) => name)
    assert.ok(!bound.includes('loom-step'))
  })
})

describe('pods', () => {
  const podSpecs = (objects: readonly Rendered[]) =>
    objects.flatMap(({ kind, spec }) => (kind === 'Deployment' ? [spec.template.spec] : kind === 'Pod' ? [spec] : []))

  it('pass the restricted Pod Security Standard, on a root that is read only, with limits', () => {
    const specs = podSpecs(plain)
    assert.equal(specs.length, 2)
    for (const { securityContext, containers, hostNetwork, volumes } of specs) {
      assert.equal(securityContext.runAsNonRoot, true)
      assert.equal(securityContext.seccompProfile.type, 'RuntimeDefault')
      assert.deepEqual([hostNetwork, volumes], [undefined, undefined])
      for (const { securityContext: own, resources } of containers) {
        assert.deepEqual(own, {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        })
        assert.ok(resources.requests.memory && resources.requests.cpu && resources.limits.memory)
      }
    }
  })

  it('of the operator alone have a token', () => {
    assert.equal(only(plain, 'Deployment').spec.template.spec.automountServiceAccountToken, true)
    assert.equal(only(plain, 'Pod').spec.automountServiceAccountToken, false)
  })

  it('run the image that is named, by tag or digest, and give it to steps', async () => {
    assert.equal(container(plain).image, 'loom-operator:0.1.0')
    const tagged = await render({ 'image.repository': 'registry.example:5000/etl/loom', 'image.tag': 'v2' })
    assert.equal(container(tagged).image, 'registry.example:5000/etl/loom:v2')
    const digest = `sha256:${'a'.repeat(64)}`
    const pinned = await render({ 'image.digest': digest, imagePullSecrets: [{ name: 'pull' }] })
    assert.equal(container(pinned).image, `loom-operator@${digest}`)
    assert.ok(args(pinned).includes(`--image=loom-operator@${digest}`))
    for (const spec of podSpecs(pinned)) assert.deepEqual(spec.imagePullSecrets, [{ name: 'pull' }])
  })

  it('are asked how they are', () => {
    const { livenessProbe, readinessProbe, ports } = container(plain)
    assert.deepEqual(livenessProbe.httpGet, { path: '/healthz', port: 'http' })
    assert.deepEqual(readinessProbe.httpGet, { path: '/readyz', port: 'http' })
    assert.deepEqual(ports, [{ name: 'http', containerPort: 8080 }])
  })

  it('are spread over nodes and zones, and drained one at a time', async () => {
    const spread = only(plain, 'Deployment').spec.template.spec.topologySpreadConstraints
    assert.deepEqual(
      spread.map((each: Rendered) => each['topologyKey']),
      ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'],
    )
    const selector = only(plain, 'Deployment').spec.selector
    for (const { labelSelector } of spread) assert.deepEqual(labelSelector, selector)
    assert.deepEqual(only(plain, 'PodDisruptionBudget').spec, { maxUnavailable: 1, selector })
    const without = await render({ 'podDisruptionBudget.enabled': false, topologySpreadConstraints: [] })
    assert.ok(!kinds(without).includes('PodDisruptionBudget'))
    assert.equal(only(without, 'Deployment').spec.template.spec.topologySpreadConstraints, undefined)
  })

  it('take what else is said of them', async () => {
    const objects = await render({
      replicas: 2,
      workers: 3,
      logLevel: 'warn',
      extraArgs: ['--port=9000'],
      extraEnv: [{ name: 'A', value: 'b' }],
      podLabels: { team: 'data' },
      podAnnotations: { note: 'x' },
      deploymentAnnotations: { owner: 'y' },
      commonLabels: { stage: 'test' },
      nodeSelector: { disk: 'fast' },
      tolerations: [{ key: 'k', operator: 'Exists' }],
      affinity: { nodeAffinity: { a: 1 } },
      priorityClassName: 'high',
      resources: { limits: { memory: '1Gi' } },
    })
    const { metadata, spec } = only(objects, 'Deployment')
    assert.equal(spec.replicas, 2)
    for (const argument of ['--workers=3', '--log-level=warn', '--port=9000', '--leader-elect=yes'])
      assert.ok(args(objects).includes(argument), argument)
    assert.deepEqual(metadata.annotations, { owner: 'y' })
    assert.equal(metadata.labels?.['stage'], 'test')
    assert.deepEqual(
      [spec.template.metadata.labels.team, spec.template.metadata.labels.stage, spec.template.metadata.annotations],
      ['data', 'test', { note: 'x' }],
    )
    const { nodeSelector, tolerations, affinity, priorityClassName, containers } = spec.template.spec
    assert.deepEqual(
      [nodeSelector.disk, tolerations, affinity, priorityClassName, containers[0].env.slice(1)],
      ['fast', [{ key: 'k', operator: 'Exists' }], { nodeAffinity: { a: 1 } }, 'high', [{ name: 'A', value: 'b' }]],
    )
    assert.equal(containers[0].resources.limits.memory, '1Gi')
  })

  it('of two releases never work at the same time where none is elected', async () => {
    const objects = await render({ 'leaderElection.enabled': false })
    assert.deepEqual(only(objects, 'Deployment').spec.strategy, { type: 'Recreate' })
    assert.ok(args(objects).includes('--leader-elect=no'))
    assert.ok(!objects.some(({ metadata }) => metadata.name.endsWith('-lease')))
  })
})

it('sets every setting of the operator, save where it finds the API server and on which address it listens', async () => {
  const objects = await render({
    watchNamespaces: ['a'],
    'leaderElection.leaseDuration': '30s',
    'nats.url': 'nats://nats:4222',
    'nats.credentialsSecret': 'operator-nats',
  })
  const set = args(objects)
    .slice(1)
    .map((argument) => argument.split('=')[0])
  const settings = Object.values(OPERATOR_SETTINGS).map(({ flag }) => flag.split(' ')[0])
  assert.deepEqual([...set, '--kubeconfig', '--host'].sort(), settings.sort())
  assert.ok(args(objects).includes('--lease-duration=30s'))
})

describe('a NATS server', () => {
  it('is reached with the credentials of a Secret, which is mounted and not named in an argument', async () => {
    const objects = await render({ 'nats.url': 'tls://nats:4443', 'nats.credentialsSecret': 'keys', 'nats.port': 4443 })
    const { containers, volumes } = only(objects, 'Deployment').spec.template.spec
    assert.deepEqual(volumes, [{ name: 'nats-credentials', secret: { secretName: 'keys' } }])
    assert.deepEqual(containers[0].volumeMounts, [
      { name: 'nats-credentials', mountPath: '/etc/loom/nats', readOnly: true },
    ])
    assert.ok(args(objects).includes('--nats-credentials=/etc/loom/nats'))
    assert.ok(args(objects).includes('--nats-for-workers=tls://nats:4443'))
    const egress = only(objects, 'NetworkPolicy').spec.egress
    assert.deepEqual(egress[1], { ports: [{ port: 4443, protocol: 'TCP' }] })
  })

  it('may have another address for workers, and needs no credentials', async () => {
    const objects = await render({ 'nats.url': 'nats://a:4222', 'nats.urlForWorkers': 'nats://b:4222' })
    assert.ok(args(objects).includes('--nats-for-workers=nats://b:4222'))
    assert.equal(only(objects, 'Deployment').spec.template.spec.volumes, undefined)
  })

  it('is not asked for where none is given', () =>
    assert.ok(!args(plain).some((argument) => argument.startsWith('--nats'))))
})

it('takes names that are given', async () => {
  const named = await render({ fullnameOverride: 'weaver' })
  assert.equal(only(named, 'Deployment').metadata.name, 'weaver')
  assert.ok(args(named).includes('--lease-name=weaver'))
  assert.equal(only(await render({ nameOverride: 'etl' }), 'Deployment').metadata.name, 'loom-operator-etl')
  const accounts = await render({
    'serviceAccount.name': 'op',
    'serviceAccount.annotations': { a: 'b' },
    'step.serviceAccount.name': 'st',
  })
  assert.deepEqual(only(accounts, 'ServiceAccount', 'op').metadata.annotations, { a: 'b' })
  assert.equal(only(accounts, 'ClusterRoleBinding').subjects[0].name, 'op')
  only(accounts, 'ServiceAccount', 'st')
  const none = await render({ 'step.serviceAccount.create': false })
  only(none, 'ServiceAccount', NAME)
})

describe('the network policy', () => {
  it('lets the operator reach the API server and DNS, and be asked for metrics, and nothing else', () => {
    const { podSelector, policyTypes, ingress, egress } = only(plain, 'NetworkPolicy').spec
    assert.deepEqual(podSelector, only(plain, 'Deployment').spec.selector)
    assert.deepEqual(policyTypes, ['Ingress', 'Egress'])
    assert.deepEqual(ingress, [{ ports: [{ port: 'http', protocol: 'TCP' }] }])
    const tcp = (port: number) => ({ port, protocol: 'TCP' })
    assert.deepEqual(egress, [{ ports: [tcp(443), tcp(6443)] }, { ports: [{ port: 53, protocol: 'UDP' }, tcp(53)] }])
  })

  it('is narrowed and widened by values', async () => {
    const peer = { namespaceSelector: { matchLabels: { name: 'monitoring' } } }
    const rule = { ports: [{ port: 4317, protocol: 'TCP' }] }
    const objects = await render({
      'networkPolicy.metricsFrom': [peer],
      'networkPolicy.apiServerPorts': [8443],
      'networkPolicy.extraEgress': [rule],
    })
    const { ingress, egress } = only(objects, 'NetworkPolicy').spec
    assert.deepEqual(ingress[0].from[0], peer)
    assert.deepEqual(ingress[0].from[1].podSelector.matchLabels, {
      'app.kubernetes.io/instance': NAME,
      'app.kubernetes.io/component': 'test',
    })
    assert.equal(egress[0].ports[0].port, 8443)
    assert.deepEqual(egress[2], rule)
    assert.ok(!kinds(await render({ 'networkPolicy.enabled': false })).includes('NetworkPolicy'))
  })
})

describe('monitoring', () => {
  it('is off until asked for', () => {
    assert.ok(!kinds(plain).some((kind) => ['ServiceMonitor', 'PrometheusRule', 'ConfigMap'].includes(kind)))
  })

  it('scrapes the service', async () => {
    const objects = await render({
      'serviceMonitor.enabled': true,
      'serviceMonitor.labels': { release: 'p' },
      'service.port': 9090,
      'service.annotations': { a: 'b' },
    })
    const { metadata, spec } = only(objects, 'ServiceMonitor')
    const service = only(objects, 'Service')
    assert.equal(metadata.labels?.['release'], 'p')
    for (const [label, value] of Object.entries(spec.selector.matchLabels))
      assert.equal(service.metadata.labels?.[label], value)
    assert.deepEqual(spec.endpoints, [{ port: 'http', path: '/metrics', interval: '30s' }])
    assert.deepEqual(service.spec.ports, [{ name: 'http', port: 9090, targetPort: 'http' }])
    assert.deepEqual(service.spec.selector, only(objects, 'Deployment').spec.selector.matchLabels)
  })

  it('alerts, and shows every metric', async () => {
    const objects = await render({
      'prometheusRule.enabled': true,
      'prometheusRule.labels': { release: 'p' },
      'dashboard.enabled': true,
      'dashboard.annotations': { folder: 'etl' },
    })
    const { metadata, spec } = only(objects, 'PrometheusRule')
    assert.equal(metadata.labels?.['release'], 'p')
    assert.ok(spec.groups[0].rules.length > 3)
    const dashboard = only(objects, 'ConfigMap')
    assert.deepEqual(
      [dashboard.metadata.labels?.['grafana_dashboard'], dashboard.metadata.annotations],
      ['1', { folder: 'etl' }],
    )
    assert.ok(JSON.parse(dashboard['data']['loom-operator.json']).panels.length > 10)
  })
})
