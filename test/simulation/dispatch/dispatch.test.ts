// Steps in the hands of warm workers, while messages are lost, doubled and late, the broker and single links go, workers and
// operators die, and leaders follow one another: every run ends, each step is committed once, nobody commits what is over.
// SCHEDULES=n plays more, in the proportion of the other simulation's 20 000; of fewer nobody asks that all happened.
import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { Coverage } from '../coverage.ts'
import { DISPATCH_BUGS } from './bugs.ts'
import { playDispatch } from './schedule.ts'
import type { DispatchShard } from './shard.ts'

const ENOUGH = 20_000
const WANTED = Number(process.env['SCHEDULES'] ?? ENOUGH)
const SCHEDULES = Math.ceil(WANTED / 25)
/** What occurs that often is hit. */
const OFTEN = 20
const FAULTS = ['dropped', 'doubled', 'delayed', 'killed', 'cut off', 'operator dies', 'broker stops', 'gives up']

test(`${SCHEDULES} schedules of the dispatch end as they should, and whatever may happen has happened`, async (t) => {
  const shards = Math.min(availableParallelism(), 4)
  const size = Math.ceil(SCHEDULES / shards)
  const results = await Promise.all(Array.from({ length: shards }, (_, i) => playShard(i * size, size)))
  const places = new Map<string, { seen: number; hit: number }>()
  for (const { places: some } of results)
    for (const [place, { seen, hit }] of some) {
      const before = places.get(place) ?? { seen: 0, hit: 0 }
      places.set(place, { seen: before.seen + seen, hit: before.hit + hit })
    }
  for (const fault of FAULTS) {
    const these = [...places].filter(([place]) => place.endsWith(` × ${fault}`))
    const hits = these.reduce((sum, [, { hit }]) => sum + hit, 0)
    t.diagnostic(`${fault}: ${these.filter(([, { hit }]) => hit > 0).length} of ${these.length} places, ${hits} times`)
    assert.ok(hits > 0 || WANTED < ENOUGH, `nothing is ever ${fault}`)
  }
  t.diagnostic(`${size * shards} schedules, ${places.size} places (phase of the worker × message × fault, and crashes)`)
  assert.equal(
    results.map(({ violation }) => violation).find((found) => found !== undefined),
    undefined,
  )
  if (WANTED < ENOUGH) return
  const missed = [...places].filter(([, { seen, hit }]) => seen >= OFTEN && hit === 0).map(([place]) => place)
  assert.deepEqual(missed, [])
  assert.ok(places.size > 300, `only ${places.size} places were seen`)
})

for (const [name, bug] of Object.entries(DISPATCH_BUGS)) {
  test(`the simulation of the dispatch finds it when ${name}`, async () => {
    const coverage = new Coverage()
    for (let seed = 0; seed < 500; seed++) {
      if ((await playDispatch(seed, coverage, bug)) !== undefined) return
    }
    assert.fail('500 schedules found nothing')
  })
}

function playShard(from: number, count: number): Promise<DispatchShard> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./shard.ts', import.meta.url), { workerData: { from, count } })
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}
