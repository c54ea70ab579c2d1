// What is done about a decision, against the model of an API server: in which order, once, and never to what is not ours.
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import type { Leases } from '../../src/dispatch/index.ts'
import { ApiFault, Applier, type ApplierOptions, Caches, type KubeApi } from '../../src/effects/index.ts'
import type { Action, Decision, Observed, TryId } from '../../src/reconcile/index.ts'
import { configMapName, FINALIZER, jobName } from '../../src/reconcile/index.ts'
import { aRun, beforeStart, NOW, planWith, started, stored } from '../reconcile/builder.ts'
import { ModelApiServer, type ModelObject } from '../simulation/model/api-server.ts'

const PLAN = stored(planWith('a'))
const OF: TryId = { process: 'p', step: 'a', attempt: 1, try: 1 }
const CREATE_JOB: Action = { kind: 'createJob', of: OF }

let server: ModelApiServer
let writes: string[]
let lost: string[]
let caches: Caches
let applier: Applier
let run: ModelObject

beforeEach(async () => {
  server = new ModelApiServer(() => NOW)
  writes = []
  lost = []
  const client = recording(server)
  caches = new Caches({ client, onRun: () => {}, onTrouble: () => {}, random: () => 0.5 })
  applier = applierWith()
  run = await server.create('ETLRun', { metadata: { name: 'daily', namespace: 'etl' } })
})

function applierWith(more: Partial<ApplierOptions> = {}): Applier {
  return new Applier({
    caches,
    client: recording(server),
    defaults: { image: 'loom' },
    instance: 'test',
    now: () => NOW,
    newId: () => 'id',
    onLostEvent: ({ code }) => lost.push(code),
    ...more,
  })
}

/** Notes every write as it arrives. */
function recording(api: ModelApiServer): KubeApi {
  return {
    get: (place) => api.get(place),
    list: (resource, options) => api.list(resource, options),
    watch: () => api.watch(),
    create: async (resource, object) => {
      writes.push(`create ${resource}`)
      return await api.create(resource, object)
    },
    replace: (place, object) => api.replace(place, object),
    mergePatch: async (place, patch) => {
      writes.push(`patch ${place.resource}${place.subresource === undefined ? '' : ' status'}`)
      return await api.mergePatch(place, patch)
    },
    delete: async (place, options) => {
      writes.push(`delete ${place.resource}`)
      await api.delete(place, options)
    },
  }
}

const metadataOf = ({ metadata: { uid = '', resourceVersion = '' } }: ModelObject) => ({ uid, resourceVersion })

const decided = (actions: Action[], more: Partial<Decision> = {}): Decision => ({
  status: { phase: 'Running', reason: 'Running' },
  actions,
  events: [],
  ...more,
})

async function apply(
  decision: Decision,
  { observed, storedStatus }: { observed?: Observed; storedStatus?: unknown } = {},
) {
  await applier.apply({
    observed: observed ?? beforeStart({ metadata: metadataOf(run) }),
    decision,
    storedStatus,
    stored: PLAN,
  })
}

/** A Job of the name that the run would give it. */
async function jobOfSomebody(ownerUid: string): Promise<ModelObject> {
  const owner = { apiVersion: 'loom.etl/v1alpha1', kind: 'ETLRun', name: 'daily', uid: ownerUid, controller: true }
  const name = jobName(aRun({ metadata: metadataOf(run) }).metadata, OF)
  return await server.create('Job', { metadata: { name, namespace: 'etl', ownerReferences: [owner] } as object })
}

test('actions come first and in order, then the status once, then the events', async () => {
  const finalized: Action = { kind: 'addFinalizer' }
  const event = { type: 'Normal', reason: 'Running', message: 'it runs' } as const
  await apply(decided([finalized, { kind: 'createPlan' }, CREATE_JOB], { events: [event] }))
  assert.deepEqual(writes, ['patch ETLRun', 'create ConfigMap', 'create Job', 'patch ETLRun status', 'create Event'])
  const after = await server.get<ModelObject>({ resource: 'ETLRun', namespace: 'etl', name: 'daily' })
  assert.deepEqual(after?.metadata.finalizers, [FINALIZER])
  assert.equal(after?.status?.['phase'], 'Running')
  assert.equal(caches.runs.objects.get('etl/daily')?.metadata.resourceVersion, after?.metadata.resourceVersion)
  assert.ok(
    caches.owned.ConfigMap.objects.has(`etl/${configMapName(aRun({ metadata: metadataOf(run) }).metadata, PLAN)}`),
  )
})

test('a Job that is there already and belongs to the run counts as made', async () => {
  const there = await jobOfSomebody(run.metadata.uid ?? '')
  await apply(decided([CREATE_JOB]))
  assert.equal(server.all('Job').length, 1)
  assert.equal(caches.owned.Job.objects.get(`etl/${there.metadata.name}`)?.metadata.uid, there.metadata.uid)
  assert.deepEqual(writes, ['create Job', 'patch ETLRun status'])
})

test('a Job of that name that belongs to somebody else is left alone, and nothing is done after it', async () => {
  const there = await jobOfSomebody('somebody-else')
  await assert.rejects(apply(decided([CREATE_JOB])), {
    kind: 'denied',
    code: 'NameTaken',
    message: /belongs to somebody else/,
  })
  assert.equal(caches.owned.Job.objects.size, 0)
  assert.equal(server.all('Job')[0]?.metadata.uid, there.metadata.uid)
  assert.deepEqual(writes, ['create Job'])
})

test('a new leader agrees on no leases by an old status; of what it has agreed on before, it knows', async () => {
  const known: string[] = []
  const agree: Leases['agree'] = ({ uid }) => void known.push(uid)
  const leases: Partial<Leases> = { knows: (uid) => known.includes(uid), gone: () => {}, agree }
  applier = applierWith({ leases: () => leases as Leases })
  const { uid, resourceVersion } = metadataOf(run)
  const look = decided([], { leases: { wanted: [], seen: [], final: false } })
  const at = (version: string) => ({
    observed: beforeStart({ metadata: { uid, resourceVersion: version } }),
    storedStatus: look.status,
  })
  await assert.rejects(apply(look, at('old')), { kind: 'conflict', code: 'StaleRun' })
  assert.deepEqual(known, [])
  await apply(look, at(resourceVersion))
  assert.deepEqual(known, [uid])
  await apply(look, at('old'))
  assert.deepEqual(known, [uid, uid])
})

test('a conflict about something else than the name is tried again later', async () => {
  const quota = async () => {
    throw new ApiFault({ status: 409, code: 'Conflict', message: 'cannot create it: the quota has been modified' })
  }
  server.create = quota
  await assert.rejects(apply(decided([CREATE_JOB])), { kind: 'conflict', code: 'Conflict' })
  assert.deepEqual(writes, ['create Job'])
})

test('nothing is done for a run that has changed since it was looked at; the change is known from then on', async () => {
  const observed = beforeStart({ metadata: metadataOf(run) })
  const changed = await server.mergePatch<ModelObject>(
    { resource: 'ETLRun', namespace: 'etl', name: 'daily' },
    { spec: { cancel: true } },
  )
  await assert.rejects(apply(decided([CREATE_JOB]), { observed }), { kind: 'conflict', code: 'StaleRun' })
  assert.deepEqual(writes, [])
  assert.equal(caches.runs.objects.get('etl/daily')?.metadata.resourceVersion, changed.metadata.resourceVersion)
})

test('nothing is done for a run that is gone, or whose name another one has', async () => {
  const observed = beforeStart({ metadata: metadataOf(run) })
  server.forceDelete('ETLRun', run)
  await assert.rejects(apply(decided([CREATE_JOB]), { observed }), { code: 'StaleRun' })
  await server.create('ETLRun', { metadata: { name: 'daily', namespace: 'etl' } })
  await assert.rejects(apply(decided([CREATE_JOB]), { observed }), { code: 'StaleRun' })
  await assert.rejects(apply(decided([]), { observed }), { kind: 'conflict' })
  assert.equal(caches.runs.objects.size, 0)
  assert.equal(server.all('ETLRun')[0]?.status?.['phase'], undefined)
})

test('a status that is as it was is not written; one that differs loses what the new one lacks', async () => {
  const status = { phase: 'Running', reason: 'Running' } as const
  await apply(decided([]), { storedStatus: status })
  assert.deepEqual(writes, [])
  const before = {
    ...status,
    observedGeneration: -1,
    message: 'waits for a storage',
    nextAttemptAt: '2026-03-01T12:00:00Z',
  }
  server.writeStatus('ETLRun', run, before)
  const [now] = server.all('ETLRun')
  assert.ok(now !== undefined)
  await apply(decided([]), { observed: started('.', { metadata: metadataOf(now) }), storedStatus: before })
  assert.deepEqual(server.all('ETLRun')[0]?.status, status)
})

test('a status is written over no other status than the one that was looked at', async () => {
  const observed = beforeStart({ metadata: metadataOf(run) })
  server.writeStatus('ETLRun', run, { phase: 'Cancelled' })
  await assert.rejects(apply(decided([]), { observed }), { kind: 'conflict' })
  assert.equal(server.all('ETLRun')[0]?.status?.['phase'], 'Cancelled')
})

test('an event that can not be written costs nothing', async () => {
  const { create } = server
  server.create = async (resource, object) => {
    if (resource === 'Event') throw new ApiFault({ status: 429, code: 'TooManyRequests', message: 'no' })
    return (await create.call(server, resource, object)) as never
  }
  const event = { type: 'Normal', reason: 'Running', message: 'it runs' } as const
  await apply(decided([CREATE_JOB], { events: [event] }))
  assert.deepEqual(lost, ['TooManyRequests'])
  assert.deepEqual(writes, ['create Job', 'patch ETLRun status', 'create Event'])
})
