// Applying again and again, as GitOps tools do, beside a working operator: nobody fights over a field, and what was applied is what
// is there.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { stringify } from 'yaml'
import { API_VERSION } from '../../src/manifest/index.ts'
import type { Kube } from './bed/index.ts'
import { kubectlIsThere } from './bed/shapes.ts'
import { Cluster, type Manifest, pathOf } from './support/cluster.ts'
import { REPOSITORY } from './support/operator-process.ts'
import { gated, inline, quick } from './support/pipelines.ts'
import { poolIs } from './support/pools.ts'

const NO_KUBECTL = kubectlIsThere() ? false : 'there is no kubectl here'

type Applied = Kube & {
  spec: Record<string, unknown>
  metadata: Kube['metadata'] & { generation: number; finalizers?: string[]; managedFields: Managed[] }
}
interface Managed {
  manager: string
  operation: string
  subresource?: string
  fieldsV1: Record<string, unknown>
}

let cluster: Cluster

before(async () => {
  cluster = await Cluster.start()
  await cluster.startOperator().leads()
})

after(async () => await cluster?.[Symbol.asyncDispose]())

/** Its first step keeps a temp, so that the operator has a finalizer to set. */
const steps = [
  { ...quick('kept'), target: { temp: { name: 'kept' } } },
  { name: 'published', sources: { kept: { temp: { name: 'kept' } } }, target: { table: { ref: 'out.published' } } },
  gated('held'),
]
const pipeline: Manifest = { kind: 'ETLPipeline', metadata: { name: 'nightly' }, spec: inline(steps) }
const nightly: Manifest = {
  kind: 'ETLRun',
  metadata: { name: 'nightly-1' },
  spec: {
    pipelineRef: { name: 'nightly' },
    correlationId: 'nightly-1',
    retry: { limit: 1, backoff: { initial: '1s' } },
  },
}
const pool: Manifest = { kind: 'ETLWorkerPool', metadata: { name: 'warm' }, spec: { replicas: { max: 2 } } }

/** kubectl with all of them, or other manifests, in a file. */
async function kubectl(args: string[], manifests: Manifest[] = all()): Promise<{ code: number | null; said: string }> {
  const file = join(cluster.plane.folder, 'applied.yaml')
  writeFileSync(file, manifests.map((one) => stringify({ apiVersion: API_VERSION, ...one })).join('---\n'))
  const child = spawn('kubectl', [...args, '--kubeconfig', cluster.plane.kubeconfig, '-f', file])
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, said }
}

const all = () => [cluster.storage(), pipeline, nightly, pool]
const live = async ({ kind, metadata }: Manifest) =>
  await cluster.plane.api.get<Applied>(`${pathOf(kind)}/${metadata.name}`)
const applyAs = (manager: string) => ['apply', '--server-side', '--field-manager', manager]

/** Everything of the objects that an applier could be blamed for. */
async function identities(): Promise<unknown[]> {
  const objects = await Promise.all(all().map(live))
  return objects.map(({ kind, metadata, spec }) => ({ kind, generation: metadata.generation, spec }))
}

describe('server-side apply', { skip: NO_KUBECTL }, () => {
  it('of all kinds leaves specs as they were written', async () => {
    const { code, said } = await kubectl(applyAs('team-a'))
    assert.equal(code, 0, said)
    for (const manifest of all()) {
      const { spec, metadata } = await live(manifest)
      assert.deepEqual([manifest.kind, spec, metadata.generation], [manifest.kind, manifest.spec, 1])
    }
  })

  it('again changes nothing, in the middle of a run and after its end', async () => {
    await cluster.begun('nightly-1', { says: 'step starts' })
    await poolIs(cluster, 'warm', 'is looked at', ({ observedGeneration }) => observedGeneration === 1)
    const before = await identities()
    for (const moment of ['in the middle', 'after the end']) {
      const { code, said } = await kubectl(applyAs('team-a'))
      assert.equal(code, 0, `${moment}: ${said}`)
      assert.deepEqual(await identities(), before, moment)
      if (moment === 'in the middle') writeFileSync(join(cluster.lake, 'open-held'), '')
      assert.equal((await cluster.ends('nightly-1')).phase, 'Succeeded')
    }
  })

  it('finds that the operator owns status and its finalizer, and no more', async () => {
    for (const manifest of all()) {
      const { metadata } = await live(manifest)
      const others = metadata.managedFields.filter(({ manager }) => manager !== 'team-a')
      for (const { subresource, fieldsV1 } of others) {
        if (subresource === 'status') assert.deepEqual(Object.keys(fieldsV1), ['f:status'], manifest.kind)
        else
          assert.deepEqual(fieldsV1, {
            'f:metadata': { 'f:finalizers': { '.': {}, 'v:"loom.etl/temps"': {} } },
          })
      }
      const owned = { ETLRun: 2, ETLWorkerPool: 1, ETLPipeline: 0, ETLStorage: 0 }[manifest.kind]
      assert.equal(others.length, owned, JSON.stringify(others))
    }
  })

  it('shows no difference', async () => {
    for (const how of [['--server-side', '--field-manager', 'team-a'], []])
      assert.deepEqual(await kubectl(['diff', ...how]), { code: 0, said: '' })
  })

  it('leaves a field to whoever set it, when the manifest does not have it', async () => {
    const held = { ...nightly, metadata: { name: 'nightly-2' }, spec: { ...nightly.spec, suspend: undefined } }
    await kubectl(applyAs('team-a'), [held])
    const loom = [join(REPOSITORY, 'dist/cli/main.js'), 'cancel', 'nightly-2', '--kubeconfig', cluster.plane.kubeconfig]
    execFileSync(process.execPath, loom)
    await cluster.ends('nightly-2')
    const { code, said } = await kubectl(applyAs('team-a'), [held])
    assert.equal(code, 0, said)
    const { spec, metadata } = await live(held)
    assert.deepEqual([spec['cancel'], metadata.generation], [true, 2])
    const owner = metadata.managedFields.find(({ fieldsV1 }) => 'f:cancel' in ((fieldsV1['f:spec'] ?? {}) as object))
    assert.doesNotMatch(owner?.manager ?? 'kubectl', /^kubectl/, 'Flux would undo it')
  })

  it('of another spec for a run that has started is refused, by name', async () => {
    const changed = { ...nightly, spec: { ...nightly.spec, correlationId: 'nightly-other' } }
    const { code, said } = await kubectl(applyAs('team-a'), [changed])
    assert.equal(code, 1)
    assert.match(said, /spec.correlationId can not be changed once the run has started; make a new run/)
  })

  it('of a longer life for a run that has ended is acknowledged, and nothing is run', async () => {
    const kept = { ...nightly, spec: { ...nightly.spec, ttlAfterFinished: '30d' } }
    const before = await cluster.run('nightly-1')
    assert.equal((await kubectl(applyAs('team-a'), [kept])).code, 0)
    const seen = await cluster.runIs('nightly-1', 'is seen', ({ observedGeneration }) => observedGeneration === 2)
    const conditions = before?.status?.conditions?.map((condition) => ({ ...condition, observedGeneration: 2 }))
    assert.deepEqual(seen, { ...before?.status, observedGeneration: 2, conditions })
  })
})

describe('client-side apply', { skip: NO_KUBECTL }, () => {
  it('of what was applied on the server changes no spec, and then nothing at all', async () => {
    const kept = { ...nightly, spec: { ...nightly.spec, ttlAfterFinished: '30d' } }
    const manifests = [cluster.storage(), pipeline, kept, pool]
    const before = await identities()
    const { code, said } = await kubectl(['apply'], manifests)
    assert.equal(code, 0, said)
    const again = await kubectl(['apply'], manifests)
    assert.deepEqual(again.said.match(/unchanged/g)?.length, manifests.length, again.said)
    assert.deepEqual(await identities(), before)
    assert.deepEqual(await kubectl(['diff'], manifests), { code: 0, said: '' })
  })
})
