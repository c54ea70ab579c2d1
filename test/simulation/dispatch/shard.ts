// A worker thread that plays some of the schedules of the dispatch.
import { parentPort, workerData } from 'node:worker_threads'
import { Coverage } from '../coverage.ts'
import { playDispatch } from './schedule.ts'

export interface DispatchShard {
  /** Place → how often it occurred, and how often it was hit. */
  places: Map<string, { seen: number; hit: number }>
  violation?: { seed: number; what: string; lastMoves: string[] }
}

const { from, count } = workerData as { from: number; count: number }
const coverage = new Coverage()
const result: DispatchShard = { places: new Map() }
for (let seed = from; seed < from + count && result.violation === undefined; seed++) {
  const found = await playDispatch(seed, coverage)
  if (found !== undefined) result.violation = { seed, what: found.violation, lastMoves: found.moves.slice(-40) }
}
for (const [place, seen] of coverage.occurred) result.places.set(place, { seen, hit: coverage.hit.get(place) ?? 0 })
parentPort?.postMessage(result)
