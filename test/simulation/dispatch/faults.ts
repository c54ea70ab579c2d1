// What goes wrong in the storm. Places that were not hit yet are hit as soon as they occur (coverage.ts), the others now
// and then.
import type { Move } from '../model/cluster.ts'
import type { Flight } from './model-broker.ts'
import type { World } from './world.ts'

/** At most that long is a message under way. */
const LONGEST_DELAY_MS = 25_000

/** One that was not hit yet comes first, and alone. */
export function faultMoves(world: World): { isUrgent: boolean; moves: Move[] } {
  const { broker, coverage, random, workers } = world
  const moves: Move[] = []
  let urgent: Move | undefined
  const here = (place: string, act: () => void, share: number) => {
    const play = () => {
      coverage.strike(place)
      act()
    }
    if (coverage.isNew(place)) urgent ??= { name: place, play }
    else if (random() < share) moves.push({ name: place, play })
  }
  for (const flight of broker.flights) {
    const place = placeOf(world, flight)
    here(`${place} × dropped`, () => broker.take(flight), 0.01)
    here(`${place} × doubled`, () => broker.deliver(flight, true), 0.01)
    here(`${place} × delayed`, () => delay(world, flight), 0.01)
  }
  for (const worker of workers) {
    here(`worker ${worker.phase} × killed`, () => worker.die(), 0.005)
    here(`worker ${worker.phase} × cut off`, () => cut(world, worker.name), 0.005)
    here(`worker ${worker.phase} × operator dies`, () => world.leader?.end(), 0.002)
    here(`worker ${worker.phase} × broker stops`, () => broker.stop(), 0.002)
    if (worker.isDraining) here(`worker ${worker.phase} × gives up`, () => worker.giveUp(), 0.1)
  }
  if (!broker.isRunning) moves.push({ name: 'the broker starts', play: () => broker.start() })
  for (const party of broker.parties.values())
    if (!party.isLinked && random() < 0.2)
      moves.push({
        name: `${party.name} is linked again`,
        play: () => {
          party.isLinked = true
        },
      })
  const { leader } = world
  if (leader !== undefined) {
    here('leader × cut off', () => cut(world, leader.name), 0.01)
    here(
      'leader × deposed',
      () => {
        leader.deposedAt = world.now
      },
      0.01,
    )
  }
  return urgent === undefined ? { isUrgent: false, moves } : { isUrgent: true, moves: [urgent] }
}

/** Which message to or from a worker, and what the worker is at. */
function placeOf({ workers }: World, { from, to, kind }: Flight): string {
  const worker = workers.find(({ name }) => name === from || name === to)
  return `worker ${worker?.phase ?? 'gone'} × ${kind}`
}

function delay(world: World, flight: Flight): void {
  flight.notBefore = world.now + Math.floor(world.random() ** 2 * LONGEST_DELAY_MS)
}

function cut({ broker }: World, name: string): void {
  const party = broker.parties.get(name)
  if (party !== undefined) party.isLinked = false
}
