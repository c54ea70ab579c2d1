// What must hold when every run has ended.
import { FINAL_PHASES, type Phase, type RunStatus } from '../../../src/manifest/index.ts'
import { LABELS } from '../../../src/reconcile/index.ts'
import { isEnded, type ModelObject } from '../model/api-server.ts'
import { NAMESPACE, type World } from './world.ts'

/** Nothing is left to do or to say but to ask for work. */
export function hasEnded({ broker, cluster, leader, operators, runs, workers }: World): boolean {
  return (
    leader !== undefined &&
    runs.every(
      ({ status, metadata }) =>
        FINAL_PHASES.includes(status?.['phase'] as Phase) && metadata.deletionTimestamp === undefined,
    ) &&
    operators.every(
      ({ replica, isDeposed, server }) => !isDeposed && (server === undefined || replica.queue.size === 0),
    ) &&
    leader.replica.behind().length === 0 &&
    workers.every(({ isIdle }) => isIdle) &&
    broker.flights.every(({ kind }) => kind === 'ready' || kind === 'none') &&
    cluster.moves().every(({ fault }) => fault === true)
  )
}

/** @returns what is violated */
export async function atEnd(world: World): Promise<string | undefined> {
  const { leader, runs } = world
  for (const run of runs) {
    const wrong = statusViolation(run) ?? commitViolation(world, run)
    if (wrong !== undefined) return wrong
  }
  const uids = new Set(runs.map(({ metadata }) => metadata.uid))
  const running = world.api.all('Pod').find((pod) => !isEnded(pod) && uids.has(pod.metadata.labels?.[LABELS.runUid]))
  if (running !== undefined) return `all runs have ended, but pod ${running.metadata.name} runs`
  const load = leader?.server?.loadOf(`${NAMESPACE}/warm`)
  if (leader?.server?.leasesInFlight !== 0 || load?.backlog !== 0)
    return `all runs have ended, but the table of leases holds ${leader?.server?.leasesInFlight} and ${load?.backlog} more`
  return await settles(world)
}

function statusViolation({ status: raw }: ModelObject): string | undefined {
  const status = raw as RunStatus
  if (/[.RQ]/.test(status.stepStates ?? '')) return `the run is ${status.phase}, but its steps are ${status.stepStates}`
  const is = status.conditions?.find(({ type }) => type === 'Succeeded')?.status
  if (is !== (status.phase === 'Succeeded' ? 'True' : 'False'))
    return `the run is ${status.phase}, but Succeeded is ${is}`
  return undefined
}

/** What the status says was done was done, each step once, whoever did it. */
function commitViolation({ watcher, cluster }: World, { status: raw, metadata }: ModelObject): string | undefined {
  const status = raw as RunStatus
  const mine = (key: string) => key.startsWith(`${metadata.uid}/`)
  const committed = new Set([...watcher.commits.keys(), ...cluster.commits.keys()].filter(mine)).size
  const succeeded = (status.stepStates ?? '').split('S').length - 1
  const fits = status.phase === 'Succeeded' ? committed === succeeded : committed >= succeeded
  return fits ? undefined : `the run is ${status.phase}: ${succeeded} steps succeeded, but ${committed} were committed`
}

/** Deciding again asks for nothing. */
async function settles({ api, operators, runKeys }: World): Promise<string | undefined> {
  const before = api.changes.length
  for (const { replica, server } of operators) {
    if (server === undefined) continue
    for (const key of runKeys) {
      const thrown = await replica.look(key)
      if (thrown !== undefined) return `a look at a finished run fails: ${String(thrown)}`
    }
  }
  const change = api.changes[before]
  return change === undefined ? undefined : `a look at a finished run still changes ${change.resource}`
}
