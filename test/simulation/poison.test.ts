// Poisoned objects in a model cluster: whatever lies there, no look at a run throws, every status is lawful and bounded,
// nothing is done to another run, and a sound run beside them succeeds. POISON=n tries about n objects.
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import fc from 'fast-check'
import { historyOf, type Stored } from './poison/history.ts'
import { anyMutation, type Mutation, mutate } from './poison/mutate.ts'
import { PoisonedCluster } from './poison/poisoned-cluster.ts'

const POISON = Number(process.env['POISON'] ?? 50_000)
/** Poisoned runs beside one sound one. */
const SLOTS = 10

const histories: string[][] = []

before(async () => {
  const pipelines = ['one', 'stages', 'temps'] as const
  for (let i = 0; i < SLOTS; i++)
    histories.push(
      await historyOf({
        namespace: 'sim',
        run: `run-${i}`,
        pipeline: pipelines[i % 3] ?? 'one',
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

describe('poisoned objects', () => {
  it('harm no look, no status and no neighbour', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyPoisoned, { minLength: SLOTS, maxLength: SLOTS }), async (all) => {
        const cluster = new PoisonedCluster(all.flatMap(objectsOf))
        assert.deepEqual(await cluster.play(), [])
      }),
      { endOnFailure: process.env['NOSHRINK'] === '1', numRuns: Math.ceil(POISON / SLOTS) },
    )
  })
})
