// Pools and the Deployments of their workers, side by side in golden/: NAME.in.yaml holds a pool and its storage, NAME.out.yaml what
// becomes of them. UPDATE_GOLDEN=1 rewrites what must come out.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { stringify } from 'yaml'
import { parseDocuments } from '../../../src/manifest/index.ts'
import { workersDeployment } from '../../../src/reconcile/index.ts'
import { templateHashOf } from '../../../src/reconcile/pool/deployment.ts'
import { observed, pool } from './pools.ts'

const FOLDER = join(import.meta.dirname, 'golden')
const INPUT = '.in.yaml'

function inputOf(name: string) {
  const { documents, problems } = parseDocuments(readFileSync(join(FOLDER, name + INPUT), 'utf8'), name)
  assert.deepEqual(problems, [])
  const wanted = documents.find((document) => document.kind === 'ETLWorkerPool')
  const storage = documents.find((document) => document.kind === 'ETLStorage')
  assert.ok(wanted !== undefined && storage !== undefined)
  const { metadata } = pool()
  const { pods = {}, nats } = storage.value.spec
  const { defaults } = observed()
  return {
    pool: pool(wanted.value.spec, { metadata: { ...metadata, name: wanted.name } }),
    storage: { pods, ...(nats === undefined ? {} : { credentials: nats.credentialsRef.name }) },
    nats: { url: 'nats://nats-0:4222,nats://nats-1:4222', prefix: 'loom' },
    defaults,
  }
}

describe('the Deployment of a pool', () => {
  for (const file of readdirSync(FOLDER).filter((each) => each.endsWith(INPUT))) {
    const name = file.slice(0, -INPUT.length)
    it(`is that of ${name}`, () => {
      const path = join(FOLDER, `${name}.out.yaml`)
      const made = stringify(workersDeployment(inputOf(name)), { lineWidth: 0 })
      if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, made)
      const wanted = existsSync(path) ? readFileSync(path, 'utf8') : ''
      assert.equal(made, wanted, `${name} differs; if it is right so, run it with UPDATE_GOLDEN=1`)
    })
  }

  it('has another hash for all that its pods are made of, and for nothing else', () => {
    const input = inputOf('everything')
    const { spec } = input.pool
    const hash = templateHashOf(input)
    const withSpec = (more: object) => templateHashOf({ ...input, pool: { ...input.pool, spec: { ...spec, ...more } } })
    assert.equal(withSpec({ replicas: { max: 9 }, scaleDown: { coolDown: '1h' }, paused: true }), hash)
    assert.notEqual(withSpec({ drainTimeout: '1h' }), hash)
    assert.notEqual(withSpec({ maxStepsPerProcess: 1 }), hash)
    assert.notEqual(templateHashOf({ ...input, nats: { ...input.nats, prefix: 'other' } }), hash)
  })
})
