// Plays one schedule of the dispatch: moves in a random order, with crashes and faults first, then in calm until every run
// has ended. What must hold all along is in watcher.ts, what must hold in the end in at-end.ts.
import type { Coverage } from '../coverage.ts'
import type { Move } from '../model/cluster.ts'
import { atEnd, hasEnded } from './at-end.ts'
import { faultMoves } from './faults.ts'
import { BEGIN, type Bug, STORMY_MOVES, World } from './world.ts'

const MOVES_AT_MOST = 6_000
/** Runs end within that time once the storm is over: backoff, and twice the time that a pool is waited for. */
const CALM_AT_MOST_MS = 60 * 60_000
/** Time passes in steps no longer than that. */
const STEP_MS = 1_000

export interface Violation {
  violation: string
  moves: string[]
}

/** @returns what does not hold, or undefined; the moves tell how it came to it */
export async function playDispatch(seed: number, coverage: Coverage, bug: Bug = {}): Promise<Violation | undefined> {
  const world = new World(seed, coverage, bug)
  await world.populate()
  world.meanwhile = () => meanwhile(world)
  const found = (violation: string): Violation => ({ violation, moves: world.moves })
  let calmSince: number | undefined
  for (let i = 0; i < MOVES_AT_MOST; i++) {
    try {
      world.revive()
      for (const { what, run } of world.scenario.wishes.filter(({ atMove }) => atMove === i)) world.grant(what, run)
      if (i === STORMY_MOVES) heal(world)
      if (i >= STORMY_MOVES) calmSince ??= world.now
      await playMove(world)
    } catch (thrown) {
      return found(`something throws: ${thrown instanceof Error ? thrown.stack : String(thrown)}`)
    }
    const violation = world.watcher.afterMove()
    if (violation !== undefined) return found(violation)
    if (calmSince === undefined || i % 4 > 0) continue
    if (hasEnded(world)) {
      const left = await atEnd(world)
      return left === undefined ? undefined : found(left)
    }
    if (world.now - calmSince > CALM_AT_MOST_MS) return found(`a run does not come to an end: ${world.stateOfRuns}`)
  }
  return found(`a run does not come to an end in ${MOVES_AT_MOST} moves: ${world.stateOfRuns}`)
}

function heal(world: World): void {
  world.moves.push('calm')
  world.broker.start()
  for (const party of world.broker.parties.values()) party.isLinked = true
  world.grant('resumePool')
}

async function playMove(world: World): Promise<void> {
  const { random, now } = world
  const faults = world.isStormy ? faultMoves(world) : { isUrgent: false, moves: [] }
  const moves = faults.isUrgent ? faults.moves : [...movesOf(world), ...faults.moves]
  if (world.isStormy && !faults.isUrgent) moves.push({ name: 'time passes', play: () => passTime(world) })
  const move = moves[Math.floor(random() * moves.length)]
  if (move === undefined) {
    passTime(world)
    if (world.runs.every(({ spec, status }) => spec?.['suspend'] !== true || status?.['finishedAt'] !== undefined))
      return
    for (const run of world.runs) world.grant('resume', Number(run.metadata.name.split('-')[1]))
    return
  }
  world.moves.push(`${now - BEGIN} ${move.name}`)
  await move.play()
  await settled()
  elapse(world, 10)
}

/** Continuations of promises that were resolved by the move. */
async function settled(): Promise<void> {
  for (let i = 0; i < 12; i++) await undefined
}

function movesOf(world: World): Move[] {
  const { broker, cluster, workers } = world
  // what goes wrong with Jobs and pods is the other simulation's
  const moves: Move[] = cluster.moves().filter(({ fault }) => fault !== true)
  for (const flight of broker.flights)
    if (flight.notBefore <= world.now)
      moves.push({ name: `${flight.to} gets ${flight.kind} of ${flight.from}`, play: () => broker.deliver(flight) })
  for (const party of broker.parties.values())
    if (party.news !== undefined)
      moves.push({ name: `${party.name} hears that the broker is ${party.news}`, play: () => party.hearNews() })
  for (const worker of workers) moves.push(...worker.moves())
  moves.push(...operatorMoves(world))
  return moves
}

function operatorMoves(world: World): Move[] {
  const { leader, operators, random } = world
  const moves: Move[] = []
  for (const operator of operators) {
    const { name, replica } = operator
    if (!operator.isDeposed)
      for (const resource of replica.behind()) {
        const play = () => replica.deliver(resource, world.isStormy && random() < 0.05)
        moves.push({ name: `${name} hears of ${resource}`, play })
      }
    if (operator.server === undefined) continue
    for (const key of replica.queue) moves.push({ name: `${name} looks at ${key}`, play: () => replica.look(key) })
    for (const [key, due] of replica.later)
      if (due <= replica.now()) moves.push({ name: `${name} looks again at ${key}`, play: () => replica.look(key) })
    const { ticks } = operator
    if (ticks !== undefined) moves.push({ name: `${name} lets time pass`, play: ticks })
    const staysOn = world.bug.neverDeposed === true && world.moves.length < 10 * STORMY_MOVES
    if (operator.isDeposed && !staysOn) moves.push({ name: `${name} ends`, play: () => operator.end() })
  }
  const next = operators.find(({ server }) => server === undefined)
  if (leader === undefined && next !== undefined)
    moves.push({ name: `${next.name} leads`, play: () => next.lead(world.runKeys) })
  return moves
}

/** To the next time at which somebody has something to do. */
function passTime(world: World): void {
  const { broker, now, operators, workers } = world
  const wakes = operators.flatMap(({ replica, clockApartMs }) =>
    [...replica.later.values()].map((at) => at - clockApartMs),
  )
  const due = Math.min(broker.nextDue, ...wakes, ...workers.map(({ nextDue }) => nextDue))
  elapse(world, Math.max(10, Math.min(STEP_MS, due - now)))
}

/** A commit that has begun takes less than the rest of its lease. */
export function elapse(world: World, ms: number): void {
  const until = Math.ceil(world.now + ms)
  for (const worker of world.workers) {
    if (worker.commitBy > until) continue
    world.moves.push(`${worker.name} must commit`)
    worker.commit()
  }
  world.now = until
  for (const party of world.broker.parties.values()) party.timeOut(until)
}

/** While an operator waits for the API server, messages arrive. */
function meanwhile(world: World): void {
  const { broker, random } = world
  for (let i = Math.floor(random() * 3); i > 0; i--) {
    const ready = broker.flights.filter(({ notBefore }) => notBefore <= world.now)
    const flight = ready[Math.floor(random() * ready.length)]
    if (flight === undefined) return
    world.moves.push(`meanwhile ${flight.to} gets ${flight.kind} of ${flight.from}`)
    broker.deliver(flight)
  }
}
