// Follows each aircraft through its day: how much of a leg's delay did the aircraft bring along from its last one?
// A running balance with resets for every aircraft is a fold over rows in order: easy in code, awkward in SQL.
import type { CodeContext } from 'loom-operator'

/** One departure, as the step `flights` writes it; rows arrive by aircraft, then by scheduled departure. */
interface Leg {
  flight_month: Date
  flight_date: Date
  scheduled_departure: Date
  tailnum: string
  carrier: string
  flight: number
  dep_delay: number | null
  air_time: number | null
}

/** Minutes between two flights of one aircraft: boarding, fuel, crew. */
const TURN_MINUTES = 45

export async function* rotations({ sources }: CodeContext) {
  let before: Leg | undefined
  let leg = 0
  let free = Number.NEGATIVE_INFINITY
  for await (const row of sources.flights?.rows() ?? []) {
    const now = row as unknown as Leg
    const sameDay = before?.tailnum === now.tailnum && before.flight_date.getTime() === now.flight_date.getTime()
    if (!sameDay) [leg, free] = [0, Number.NEGATIVE_INFINITY]
    leg += 1
    const scheduled = now.scheduled_departure.getTime() / 60_000
    const delay = now.dep_delay ?? 0
    yield {
      flight_month: now.flight_month,
      flight_date: now.flight_date,
      tailnum: now.tailnum,
      leg,
      carrier: now.carrier,
      flight: now.flight,
      dep_delay: now.dep_delay,
      carried_delay: Math.max(0, Math.min(delay, Math.round(free - scheduled))),
    }
    // All flights leave New York, so the aircraft is free again after flying there and back, with a turn at each end.
    free = scheduled + delay + 2 * (now.air_time ?? 0) + 2 * TURN_MINUTES
    before = now
  }
}
