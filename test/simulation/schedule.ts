// Plays one schedule: moves of operators, cluster and users in a random order, with crashes and faults first, then in calm
// until nothing is left to do. What must hold in the end, and all along, is in invariants.ts.

import type { RunStatus } from '../../src/manifest/index.ts'
import type { Coverage } from './coverage.ts'
import { atEnd, atEveryMove } from './invariants.ts'
import type { ModelObject } from './model/api-server.ts'
import { ModelApiServer } from './model/api-server.ts'
import { ModelCluster, type Move } from './model/cluster.ts'
import { Replica, type ReplicaOptions } from './replica.ts'
import { PIPELINES, type Scenario, scenarioOf, seeded } from './scenario.ts'

export const NAMESPACE = 'sim'
export const RUN_KEY = `${NAMESPACE}/run`

const STORMY_MOVES = 60
const MOVES_AT_MOST = 1500

export type Bug = NonNullable<ReplicaOptions['bug']>

export interface Violation {
  violation: string
  moves: string[]
  /** Give these, and the seed, to play it again. */
  crashes: number[]
}

interface CrashPlan {
  /** Where processes died. */
  at: number[]
  here: (state: string, write: string, when: 'before' | 'after') => boolean
}

/** Crashes have a chance of their own, so that the same moves are played whatever the coverage says. */
function crashPlan(seed: number, coverage: Coverage, crashAt: readonly number[] | undefined): CrashPlan {
  const random = seeded(seed ^ 0x5bd1e995)
  const at: number[] = []
  let count = 0
  const here: CrashPlan['here'] = (state, write, when) => {
    count += 1
    const dies = crashAt === undefined ? coverage.crashHere(state, write, when, random) : crashAt.includes(count)
    if (dies) at.push(count)
    return dies
  }
  return { at, here }
}

export interface World {
  crashes: CrashPlan
  bug: Bug | undefined
  api: ModelApiServer
  cluster: ModelCluster
  replicas: Replica[]
  scenario: Scenario
  now: number
  moves: string[]
  lastStatus: RunStatus
}

/**
 * @param options.crashAt the writes (counted before and after each) at which to die: plays a schedule again as it was
 * @returns what does not hold, or undefined; the moves tell how it came to it
 */
export async function playSchedule(
  seed: number,
  coverage: Coverage,
  { crashAt, bug }: { crashAt?: readonly number[]; bug?: Bug } = {},
): Promise<Violation | undefined> {
  const random = seeded(seed)
  const world = newWorld(random, crashPlan(seed, coverage, crashAt), bug)
  await populate(world)
  for (let i = 0; i < MOVES_AT_MOST; i++) {
    const stormy = i < STORMY_MOVES
    revive(world, random)
    makeWish(world, i)
    if (!(await playMove(world, random, stormy))) {
      if (!advance(world) && !resume(world) && !restart(world)) {
        const violation = await atEnd(world)
        return violation === undefined ? undefined : { violation, moves: world.moves, crashes: world.crashes.at }
      }
    }
    const violation = atEveryMove(world)
    if (violation !== undefined) return { violation, moves: world.moves, crashes: world.crashes.at }
  }
  return { violation: 'the run does not come to an end', moves: world.moves, crashes: world.crashes.at }
}

function newWorld(random: () => number, crashes: CrashPlan, bug: Bug | undefined): World {
  const scenario = scenarioOf(random)
  const time = { now: Date.parse('2026-01-01T00:00:00Z') }
  const api = new ModelApiServer(() => time.now)
  const cluster = new ModelCluster({ api, now: () => time.now, behaviour: scenario.behaviour })
  const world: World = {
    crashes,
    bug,
    api,
    cluster,
    replicas: [],
    scenario,
    moves: [],
    lastStatus: {},
    get now() {
      return time.now
    },
    set now(ms) {
      time.now = ms
    },
  }
  for (let i = 0; i < scenario.replicas; i++) world.replicas.push(newReplica(world, random))
  return world
}

function newReplica(world: World, random: () => number): Replica {
  let ids = 0
  return new Replica({
    api: world.api,
    now: () => world.now,
    ...(world.bug === undefined ? {} : { bug: world.bug }),
    nextId: () => `${Math.floor(random() * 2 ** 40).toString(16)}${(++ids).toString(16)}`,
    crashHere: (write, when) => world.moves.length < STORMY_MOVES && world.crashes.here(stateOf(world), write, when),
  })
}

async function populate({ api, scenario }: World): Promise<void> {
  const meta = (name: string) => ({ name, namespace: NAMESPACE })
  const make = (resource: 'ETLStorage' | 'ETLPipeline' | 'ETLRun', name: string, spec: object) =>
    api.create(resource, { metadata: meta(name), spec } as never)
  await make('ETLStorage', 'default', { defaults: { tablePath: { uri: '/lake' } }, temp: { root: '/temp' } })
  await make('ETLPipeline', 'main', PIPELINES[scenario.pipeline])
  await make('ETLRun', 'run', scenario.run)
}

/** A killed process is started anew: with empty hands, and caches filled from the server. */
function revive(world: World, random: () => number): void {
  world.replicas = world.replicas.map((replica) => (replica.dead ? newReplica(world, random) : replica))
}

/** One random move of those that are possible. @returns false when there is none */
async function playMove(world: World, random: () => number, stormy: boolean): Promise<boolean> {
  const moves: { name: string; play: () => unknown }[] = world.cluster
    .moves()
    .filter((move: Move) => move.fault !== true || (stormy && random() < 0.03))
  for (const [i, replica] of world.replicas.entries()) {
    for (const resource of replica.behind())
      moves.push({
        name: `replica ${i} hears of ${resource}`,
        play: () => replica.deliver(resource, stormy && random() < 0.05),
      })
    for (const key of replica.queue) moves.push({ name: `replica ${i} looks`, play: () => replica.look(key) })
    for (const [key, due] of replica.later)
      if (due <= world.now) moves.push({ name: `replica ${i} looks again`, play: () => replica.look(key) })
  }
  const move = moves[Math.floor(random() * moves.length)]
  if (move === undefined) return false
  world.moves.push(move.name)
  world.now += 10
  await move.play()
  return true
}

/** Nothing to do now: to the time when a replica wants to look again. @returns false when none wants to */
function advance(world: World): boolean {
  const due = world.replicas.flatMap((replica) => [...replica.later.values()])
  if (due.length === 0) return false
  world.now = Math.max(world.now, Math.min(...due))
  return true
}

function makeWish(world: World, move: number): void {
  for (const { what } of world.scenario.wishes.filter(({ atMove }) => atMove === move)) grant(world, what)
}

/** Whoever suspended a run resumes it when nothing else goes on. @returns false when it is not suspended */
function resume(world: World): boolean {
  if (runOf(world)?.spec?.['suspend'] !== true) return false
  grant(world, 'resume')
  return true
}

/** Whoever wants the work done asks once more. @returns false when there is nothing to ask for */
function restart(world: World): boolean {
  const run = runOf(world)
  const phase = run?.status?.['phase']
  if (!world.scenario.restarts || (phase !== 'Failed' && phase !== 'Cancelled')) return false
  world.scenario.restarts = false
  grant(world, 'restart')
  return true
}

function grant({ api }: World, what: Scenario['wishes'][number]['what']): void {
  const place = { resource: 'ETLRun', namespace: NAMESPACE, name: 'run' } as const
  const patch = (spec: object) => api.mergePatch(place, { spec }).catch(() => undefined)
  if (what === 'suspend') void patch({ suspend: true })
  if (what === 'resume') void patch({ suspend: false })
  if (what === 'cancel') void patch({ cancel: true })
  if (what === 'restart') {
    const { restarts = 0 } = (runOf({ api })?.spec ?? {}) as { restarts?: number }
    void patch({ restarts: restarts + 1, cancel: false })
  }
  if (what === 'delete') void api.delete(place)
  if (what === 'changePipeline')
    void api
      .mergePatch({ resource: 'ETLPipeline', namespace: NAMESPACE, name: 'main' }, { spec: PIPELINES.one })
      .catch(() => undefined)
}

export const runOf = ({ api }: Pick<World, 'api'>): ModelObject | undefined =>
  api.all('ETLRun').find(({ metadata }) => metadata.name === 'run')

const stateOf = (world: World): string => {
  const run = runOf(world)
  const deleted = run?.metadata.deletionTimestamp === undefined ? '' : ' deleted'
  return `${run?.status?.['phase'] ?? 'new'}/${run?.status?.['reason'] ?? ''}${deleted}`
}
