// A worker thread that plays some of the schedules.
import { parentPort, workerData } from 'node:worker_threads'
import { Coverage } from './coverage.ts'
import { playSchedule } from './schedule.ts'

export interface ShardResult {
  seen: string[]
  hit: string[]
  crashes: number
  /** The first schedule that did not end well, with what is needed to play it again. */
  violation?: { seed: number; what: string; crashes: number[]; lastMoves: string[] }
}

const { from, count } = workerData as { from: number; count: number }
const coverage = new Coverage()
const result: ShardResult = { seen: [], hit: [], crashes: 0 }
for (let seed = from; seed < from + count && result.violation === undefined; seed++) {
  const found = await playSchedule(seed, coverage)
  if (found !== undefined)
    result.violation = { seed, what: found.violation, crashes: found.crashes, lastMoves: found.moves.slice(-30) }
}
result.seen = [...coverage.seen]
result.hit = [...coverage.hit.keys()]
result.crashes = [...coverage.hit.values()].reduce((sum, times) => sum + times, 0)
parentPort?.postMessage(result)
