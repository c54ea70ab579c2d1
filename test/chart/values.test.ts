// Which values the chart refuses, and how it says so; and that schema, values and their page speak of the same ones.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { CHART } from './bed/release.ts'
import { refusal } from './support/rendered.ts'

const REFUSED: readonly (readonly [Record<string, unknown>, RegExp])[] = [
  [{ replica: 2 }, /additional properties 'replica' not allowed/],
  [{ 'image.registry': 'x' }, /at '\/image': additional properties 'registry' not allowed/],
  [{ 'crds.keep': 'yes' }, /at '\/crds\/keep': got string, want boolean/],
  [{ replicas: '2' }, /at '\/replicas': got string, want integer/],
  [{ replicas: -1 }, /at '\/replicas': minimum: got -1, want 0/],
  [{ workers: 0 }, /at '\/workers': minimum: got 0, want 1/],
  [{ logLevel: 'loud' }, /at '\/logLevel': value must be one of 'debug', 'info', 'warn', 'error'/],
  [{ 'leaderElection.leaseDuration': 15 }, /at '\/leaderElection\/leaseDuration': got number, want string/],
  [{ watchNamespaces: 'etl' }, /at '\/watchNamespaces': got string, want array/],
  [{ watchNamespaces: ['Etl'] }, /at '\/watchNamespaces\/0': 'Etl' does not match pattern/],
  [{ watchNamespaces: ['a', 'a'] }, /at '\/watchNamespaces': items at 0 and 1 are equal/],
  [{ 'image.repository': 'loom:v1' }, /at '\/image\/repository': 'loom:v1' does not match pattern/],
  [{ 'image.digest': 'abc' }, /at '\/image\/digest': 'abc' does not match pattern/],
  [{ 'image.pullPolicy': 'Sometimes' }, /value must be one of 'Always', 'IfNotPresent', 'Never'/],
  [{ imagePullSecrets: ['pull'] }, /at '\/imagePullSecrets\/0': got string, want object/],
  [{ podLabels: { a: 1 } }, /at '\/podLabels\/a': got number, want string/],
  [{ 'resources.limit': {} }, /at '\/resources': additional properties 'limit' not allowed/],
  [{ affinity: { node: {} } }, /at '\/affinity': additional properties 'node' not allowed/],
  [{ 'podDisruptionBudget.maxUnavailable': '150%' }, /at '\/podDisruptionBudget\/maxUnavailable'/],
  [{ 'service.port': 70000 }, /at '\/service\/port': maximum: got 70,?000, want 65,?535/],
  [{ 'networkPolicy.apiServerPorts': [] }, /at '\/networkPolicy\/apiServerPorts': minItems: got 0, want 1/],
  [{ 'serviceMonitor.interval': 'often' }, /at '\/serviceMonitor\/interval': 'often' does not match pattern/],
  [{ 'nats.enabled': 'yes' }, /at '\/nats\/enabled': got string, want boolean/],
  [{ 'nats.namespaces': ['Etl'] }, /at '\/nats\/namespaces\/0': 'Etl' does not match pattern/],
  [{ 'nats.image.repository': 'nats:2' }, /at '\/nats\/image\/repository': 'nats:2' does not match pattern/],
  [{ 'nats.prefix': 'a.b' }, /at '\/nats\/prefix': 'a.b' does not match pattern/],
  [{ replicas: 2, 'leaderElection.enabled': false }, /replicas is more than 1, so leaderElection.enabled must be true/],
  [{ 'serviceAccount.create': false }, /serviceAccount.name must be given where serviceAccount.create is false/],
]

describe('refused', () => {
  for (const [values, why] of REFUSED)
    it(JSON.stringify(values), async () => {
      assert.match(await refusal(values), why)
    })
})

interface Schema {
  properties?: Record<string, Schema>
  additionalProperties?: unknown
}

const read = (name: string) => readFileSync(join(CHART, name), 'utf8')
const schema = JSON.parse(read('values.schema.json')) as Schema

it('knows every value of values.yaml, and no other', () => {
  const differences: string[] = []
  const compare = (value: unknown, { properties, additionalProperties }: Schema, path: string) => {
    if (properties === undefined || additionalProperties !== false) return
    const given = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
    for (const name of Object.keys(given))
      if (properties[name] === undefined) differences.push(`${path}${name} has no schema`)
    for (const [name, inner] of Object.entries(properties)) {
      if (name in given) compare(given[name], inner, `${path}${name}.`)
      else if (!OPTIONAL.includes(`${path}${name}`)) differences.push(`${path}${name} has no default`)
    }
  }
  compare(parse(read('values.yaml')), schema, '')
  assert.deepEqual(differences, [])
})

/** Kubernetes' own fields, and Helm's. */
const OPTIONAL = [
  'global',
  'enabled',
  'resources.claims',
  'nats.resources.claims',
  'affinity.nodeAffinity',
  'affinity.podAffinity',
  'affinity.podAntiAffinity',
]
