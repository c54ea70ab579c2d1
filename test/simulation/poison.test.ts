// Poisoned objects: whatever lies on the API server, no look at a run throws, every status is lawful and bounded, nothing is
// done to another run, and a sound run beside them succeeds. POISON=n tries about n inputs.
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeOutcome } from '../../src/plan/index.ts'
import { decideRun, jobFact, podFact, podTroubleOf, storedPlanOf } from '../../src/reconcile/index.ts'
import { anyOfKind } from '../manifest/arbitrary.ts'
import type { ModelObject } from './model/api-server.ts'
import { historyOf, type Stored } from './poison/history.ts'
import { statusProblem } from './poison/lawful.ts'
import { anyMutation, anyPoison, type Mutation, mutate } from './poison/mutate.ts'
import { oneLook } from './poison/one-look.ts'
import { PoisonedCluster } from './poison/poisoned-cluster.ts'

/** Inputs in all; the shares below are of it. */
const POISON = Number(process.env['POISON'] ?? 50_000)
/** Poisoned runs beside one sound one. */
const SLOTS = 10
const RUN = { name: 'run-1', namespace: 'sim', uid: 'sim-run-1' }

const histories: string[][] = []

before(async () => {
  for (let i = 0; i < SLOTS; i++)
    histories.push(
      await historyOf({
        namespace: 'sim',
        run: `run-${i}`,
        pipeline: (['one', 'stages', 'temps'] as const)[i % 3] ?? 'one',
        spec: { retry: { limit: i % 2 }, timeout: '5m', ttlAfterFinished: '1h' },
        behaviour: (_step, count) => (i % 2 === 1 && count === 1 ? 'failTransient' : 'succeed'),
      }),
    )
})

interface Poisoned {
  moment: number
  mutations: Mutation[]
}

const anyPoisoned: fc.Arbitrary<Poisoned> = fc.record({
  moment: fc.nat(999),
  mutations: fc.array(anyMutation, { minLength: 1, maxLength: 3 }),
})

function objectsOf({ moment, mutations }: Poisoned, slot: number): Stored[] {
  const history = histories[slot] ?? []
  const objects: Stored[] = JSON.parse(history[moment % history.length] ?? '[]')
  for (const mutation of mutations) mutate(objects, mutation)
  return objects
}

const times = (share: number) => ({ numRuns: Math.ceil(POISON * share) })

/** A decision that could be written, and is the same when it is taken again. */
async function isLawful(objects: Stored[]): Promise<void> {
  const seen = await oneLook(objects)
  if (seen === undefined) return
  const [observed, decision] = seen
  // What is kept as it was is not written.
  if (decision.status !== observed.run.status) assert.equal(statusProblem(decision.status), undefined)
  for (const { message } of decision.events) assert.equal(typeof message, 'string')
  assert.ok(
    decision.lookAgainMs === undefined || decision.lookAgainMs >= 0,
    `looks again in ${decision.lookAgainMs} ms`,
  )
  assert.deepEqual(decideRun(observed), decision)
}

describe('poisoned objects', () => {
  it('harm no look, no status and no neighbour in a cluster', async () => {
    const batch = fc.array(anyPoisoned, { minLength: SLOTS, maxLength: SLOTS })
    await fc.assert(
      fc.asyncProperty(batch, async (all) => {
        assert.deepEqual(await new PoisonedCluster(all.flatMap(objectsOf)).play(), [])
      }),
      times(0.04 / SLOTS),
    )
  })

  it('are decided upon, and the same way each time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(SLOTS - 1), anyPoisoned, async (slot, poisoned) => {
        await isLawful(objectsOf(poisoned, slot))
      }),
      times(0.16),
    )
  })

  it('that are lawful by their schema, and mean nothing, end in a reason', async () => {
    const kinds = ['ETLRun', 'ETLPipeline', 'ETLStorage'] as const
    const anySpec = fc.oneof(...kinds.map((kind) => anyOfKind(kind).map(({ spec }) => ({ kind, spec }))))
    await fc.assert(
      fc.asyncProperty(
        fc.nat(SLOTS - 1),
        anySpec,
        fc.array(anyMutation, { maxLength: 1 }),
        async (slot, given, more) => {
          const objects = objectsOf({ moment: slot * 2, mutations: [] }, slot)
          for (const [kind, object] of objects) if (kind === given.kind) object.spec = structuredClone(given.spec)
          for (const mutation of more) mutate(objects, mutation)
          await isLawful(objects)
        },
      ),
      times(0.01),
    )
  })

  it('become facts or nothing', () => {
    const texts = [...new Set(histories.flat().flatMap((state) => JSON.parse(state).slice(3).map(asText)))]
    fc.assert(
      fc.property(fc.nat(texts.length - 1), anyMutation, anyPoison, (number, mutation, value) => {
        const object: ModelObject = JSON.parse(texts[number] ?? '{}')
        mutate([['Pod', object]], mutation)
        facts(object)
        facts(JSON.parse(value))
      }),
      times(0.35),
    )
  })

  it('of termination messages are an outcome or none', () => {
    const whole = JSON.stringify({
      version: 1,
      runUid: RUN.uid,
      attempt: 1,
      try: 1,
      outcome: {
        process: 'p',
        step: 'a',
        state: 'Succeeded',
        durationMs: 5,
        write: { rows: 1, bytes: 1, files: 1, warnings: [] },
      },
    })
    const anyMessage = fc.oneof(
      anyPoison,
      fc.nat(whole.length).map((at) => whole.slice(0, at)),
      fc.tuple(anyMutation).map(([mutation]) => {
        const around = { metadata: { name: 'x' }, status: { message: whole } }
        mutate([['Pod', around]], { ...mutation, path: [1, 0, ...mutation.path] })
        return String(around.status?.message)
      }),
    )
    fc.assert(
      fc.property(anyMessage, (message) => {
        const decoded = decodeOutcome(message)
        if (decoded === undefined) return
        const { rows = 0, bytes = 0, tableVersion = 0 } = decoded.outcome.write ?? {}
        for (const number of [decoded.attempt, decoded.try, rows, bytes, tableVersion])
          assert.ok(Number.isSafeInteger(number) && number >= 0)
      }),
      times(0.44),
    )
  })
})

const asText = ([, object]: Stored): string => JSON.stringify(object)

function facts(object: unknown): void {
  jobFact(object, RUN.uid)
  podFact(object, RUN)
  podTroubleOf([object])
  storedPlanOf(object, RUN, 'run-1-plan')
}
