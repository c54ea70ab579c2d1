// What must hold whatever happens.
import { FINAL_PHASES, type Phase, type RunStatus } from '../../src/manifest/index.ts'
import { LABELS } from '../../src/reconcile/index.ts'
import { isEnded, type ModelObject } from './model/api-server.ts'
import { RUN_KEY, runOf, type World } from './schedule.ts'

const MAX_STATUS_BYTES = 32 * 1024

/** After every move. @returns what is violated */
export function atEveryMove(world: World): string | undefined {
  return goesBack(world) ?? doubledJob(world)
}

/** What has ended stays ended, unless a restart is asked for: a run's phase, and a step that has succeeded. */
function goesBack(world: World): string | undefined {
  const run = runOf(world)
  const status = (run?.status ?? {}) as RunStatus
  const before = world.lastStatus
  world.lastStatus = status
  if (before.startedAt === undefined || run === undefined) return undefined
  const isRestarted = (before.restarts ?? 0) < (status.restarts ?? 0)
  if (before.finishedAt !== undefined && before.phase !== status.phase && !isRestarted)
    return `the run was ${before.phase}, and is ${status.phase} now`
  if ((before.attempt ?? 1) > (status.attempt ?? 1)) return 'the run went back to an earlier attempt'
  const lost = [...(before.stepStates ?? '')].some((state, i) => state === 'S' && status.stepStates?.[i] !== 'S')
  return lost ? `steps were ${before.stepStates}, and are ${status.stepStates} now` : undefined
}

function doubledJob({ api }: World): string | undefined {
  const active = new Map<string, number>()
  for (const job of api.all('Job')) {
    const { labels = {}, deletionTimestamp } = job.metadata
    if (labels[LABELS.component] !== 'step' || deletionTimestamp !== undefined || isEndedJob(job)) continue
    const step = `${labels[LABELS.process]}/${labels[LABELS.step]}`
    active.set(step, (active.get(step) ?? 0) + 1)
  }
  const doubled = [...active].find(([, count]) => count > 1)
  return doubled === undefined ? undefined : `step ${doubled[0]} has ${doubled[1]} Jobs at the same time`
}

/** When nothing is left to do. @returns what is violated */
export async function atEnd(world: World): Promise<string | undefined> {
  const run = runOf(world)
  if (run === undefined) return leftBehind(world)
  if (run.metadata.deletionTimestamp !== undefined) return 'the run is being deleted and never goes'
  const status = (run.status ?? {}) as RunStatus
  const { phase } = status
  if (phase === undefined || !FINAL_PHASES.includes(phase as Phase))
    return `nothing is left to do, but the run is ${phase}: ${status.reason}`
  return (
    statusViolation(status) ??
    restartViolation(run) ??
    (phase === 'Succeeded' ? commitViolation(world, run) : undefined) ??
    (world.api.all('Pod').some((pod) => !isEnded(pod)) ? `the run is ${phase}, but a pod runs` : undefined) ??
    (await settles(world))
  )
}

function statusViolation(status: RunStatus): string | undefined {
  if (JSON.stringify(status).length > MAX_STATUS_BYTES) return 'the status is larger than 32 KiB'
  const is = (type: string) => status.conditions?.find((condition) => condition.type === type)?.status
  if (is('Reconciling') !== 'False') return `the run is ${status.phase}, but Reconciling is ${is('Reconciling')}`
  if (is('Succeeded') !== (status.phase === 'Succeeded' ? 'True' : 'False'))
    return `the run is ${status.phase}, but Succeeded is ${is('Succeeded')}`
  if (/[.R]/.test(status.stepStates ?? '')) return `the run is ${status.phase}, but its steps are ${status.stepStates}`
  return undefined
}

/** Who is asked to go on does, unless it is cancelled; a run without its plan says so, and has taken account of that. */
function restartViolation({ spec, status }: ModelObject): string | undefined {
  const { phase, startedAt, restarts = 0 } = status as RunStatus
  const asked = Number(spec?.['restarts'] ?? 0)
  if (phase === 'Succeeded' || startedAt === undefined || spec?.['cancel'] === true || asked <= restarts)
    return undefined
  return `the run is ${phase}, and was asked to go on: restarts ${asked}, seen ${restarts}`
}

function commitViolation({ cluster }: World, run: ModelObject): string | undefined {
  const status = run.status as RunStatus
  const committed = [...cluster.commits.keys()].filter((key) => key.startsWith(`${run.metadata.uid}/`)).length
  const succeeded = (status.stepStates ?? '').split('S').length - 1
  return committed === succeeded ? undefined : `${succeeded} steps succeeded, but ${committed} were committed`
}

function leftBehind({ api }: World): string | undefined {
  const orphans = [...api.all('Job'), ...api.all('Pod'), ...api.all('ConfigMap')].filter(
    ({ metadata }) => metadata.labels?.[LABELS.component] !== 'clean-up',
  )
  return orphans.length === 0 ? undefined : `the run is gone, but ${orphans[0]?.metadata.name} is still there`
}

/** Deciding again asks for nothing. */
async function settles({ api, replicas }: World): Promise<string | undefined> {
  const before = api.changes.length
  for (const replica of replicas) {
    const thrown = await replica.look(RUN_KEY)
    if (thrown !== undefined) return `a look at the finished run fails: ${String(thrown)}`
  }
  const change = api.changes[before]
  return change === undefined ? undefined : `a look at the finished run still changes ${change.resource}`
}

const isEndedJob = (job: ModelObject): boolean => Array.isArray(job.status?.['conditions'])
