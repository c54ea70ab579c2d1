// Jobs per second: steps of runs, beside bare Jobs with the same pods that a plain loop creates, on the same control plane.
import { until } from '../../cluster/bed/index.ts'
import { pathOf } from '../../cluster/support/cluster.ts'
import { JOBS, type Job, type Lab, oneStep, type Template, wide } from './lab.ts'

/** One way of asking for `count` Jobs. */
export type Maker = (round: string, count: number) => Promise<void>

/** One run whose steps may all run at once. */
export const oneWideRun =
  (lab: Lab): Maker =>
  async (round, count) => {
    await lab.apply(wide(round, count))
  }

/** A run for each Job, made by a plain loop. */
export const manyRuns =
  (lab: Lab): Maker =>
  async (round, count) => {
    for (let i = 0; i < count; i++) await lab.apply(oneStep(`${round}-${i}`))
  }

/** Bare Jobs with a step's own pod template, made by a plain loop. */
export const bareJobs =
  (lab: Lab, model: Job): Maker =>
  async (round, count) => {
    const template = withoutTracking(model.spec.template)
    for (let i = 0; i < count; i++) {
      const spec = { backoffLimit: 0, completions: 1, parallelism: 1, template }
      await lab.api.create(JOBS, { metadata: { name: `${round}-${i}` }, spec })
    }
  }

/** Without the labels that the API server gave it for its own Job. */
export function withoutTracking(template: Template): Template {
  const labels = Object.entries(template.metadata.labels).filter(([name]) => !/controller-uid|job-name/.test(name))
  return { ...template, metadata: { ...template.metadata, labels: Object.fromEntries(labels) } }
}

/** Jobs per second, from the first request to the last Job's completion. There must be no Jobs before. */
export async function jobsPerSecond(
  lab: Lab,
  maker: Maker,
  { round, count }: { round: string; count: number },
): Promise<number> {
  const stop = new AbortController()
  const complete = new Set<string>()
  let last = 0
  const take = ({ metadata, status }: Job) => {
    const isComplete = status?.conditions?.some((is) => is.type === 'Complete' && is.status === 'True')
    if (isComplete !== true || complete.has(metadata.name)) return
    complete.add(metadata.name)
    last = performance.now()
  }
  const watching = watchJobs(lab, take, stop.signal)
  const started = performance.now()
  await maker(round, count)
  const isDone = () => complete.size >= count
  await until(`all Jobs of ${round} are complete`, isDone, { seconds: 300, seen: () => complete.size })
  stop.abort()
  await watching
  return count / ((last - started) / 1000)
}

/** The API server ends a watch that is too slow for it; then they are listed again. */
async function watchJobs({ api }: Lab, take: (job: Job) => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { items, metadata } = await api.get<{ items: Job[]; metadata: { resourceVersion: string } }>(JOBS)
    items.forEach(take)
    const path = `${JOBS}?watch=true&resourceVersion=${metadata.resourceVersion}`
    await api
      .watch<Job>(path, ({ object }) => take(object), signal)
      .catch((thrown) => {
        if (!signal.aborted) throw thrown
      })
  }
}

/** Deletes all runs and Jobs, and waits until their pods are gone. */
export async function emptied({ api }: Lab): Promise<void> {
  await api.delete(pathOf('ETLRun'))
  await api.delete(JOBS, { propagationPolicy: 'Background' })
  for (const path of [JOBS, '/api/v1/namespaces/default/pods']) {
    const isEmpty = async () => (await api.list(`${path}?limit=1`)).length === 0
    await until('all Jobs and pods are gone', isEmpty, { seconds: 300, everyMs: 500 })
  }
}
