// The operator, killed before and after every write, with late and doubled news, one or two processes at a time, against
// a model of the cluster: every run ends, nothing is done twice, nothing is left behind. SCHEDULES=n plays more.
import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { BUGS } from './bugs.ts'
import { Coverage } from './coverage.ts'
import { playSchedule } from './schedule.ts'
import type { ShardResult } from './shard.ts'

const SCHEDULES = Number(process.env['SCHEDULES'] ?? 20_000)

test(`${SCHEDULES} schedules of crashes and faults end as they should, and every write of every state was a place to die`, async (t) => {
  const shards = Math.min(availableParallelism(), 4)
  const size = Math.ceil(SCHEDULES / shards)
  const results = await Promise.all(Array.from({ length: shards }, (_, i) => playShard(i * size, size)))
  const seen = new Set(results.flatMap((result) => result.seen))
  const hit = new Set(results.flatMap((result) => result.hit))
  t.diagnostic(
    `${size * shards} schedules, ${results.reduce((sum, { crashes }) => sum + crashes, 0)} crashes at ${hit.size} places (state × write × before or after)`,
  )
  const violation = results.map((result) => result.violation).find((found) => found !== undefined)
  assert.equal(violation, undefined)
  assert.deepEqual(
    [...seen].filter((place) => !hit.has(place)),
    [],
  )
  assert.ok(seen.size > 80, `only ${seen.size} places to die were seen`)
})

for (const [name, bug] of Object.entries(BUGS)) {
  test(`the simulation finds it when ${name}`, async () => {
    const coverage = new Coverage()
    for (let seed = 0; seed < 2_000; seed++) {
      if ((await playSchedule(seed, coverage, { bug })) !== undefined) return
    }
    assert.fail('2000 schedules found nothing')
  })
}

function playShard(from: number, count: number): Promise<ShardResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./shard.ts', import.meta.url), { workerData: { from, count } })
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}
