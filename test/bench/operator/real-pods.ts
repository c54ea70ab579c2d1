// The same comparison with pods that really run: each step starts Node and DuckDB and commits to a Delta table.
import { randomUUID } from 'node:crypto'
import { until } from '../../cluster/bed/index.ts'
import { Cluster } from '../../cluster/support/cluster.ts'
import { median } from '../measure.ts'
import { JOBS, type Job, type Template, wide } from './lab.ts'
import { withoutTracking } from './throughput.ts'

/** Steps per second of one wide run, and Jobs per second of a plain loop with the same templates, round by round. */
export async function realPods({ rounds, count }: { rounds: number; count: number }): Promise<Record<string, number>> {
  await using cluster = await Cluster.start()
  await cluster.apply(cluster.storage())
  const ours: number[] = []
  const bare: number[] = []
  for (let round = 0; round < rounds; round++) {
    const operator = cluster.startOperator()
    await operator.leads()
    ours.push(
      count / (await seconds(cluster, count, async () => void (await cluster.apply(wide(`wide-${round}`, count))))),
    )
    const models = await cluster.plane.api.list<Job>(JOBS)
    await operator.stop('SIGTERM')
    // Its plan stays: the bare Jobs mount it, and commit as another run.
    const uid = randomUUID()
    const templates = models.map(({ spec }) => asRun(withoutTracking(spec.template), uid))
    await cluster.plane.api.delete(JOBS, { propagationPolicy: 'Background' })
    await noJobs(cluster)
    const loop = async () => {
      for (const [i, template] of templates.entries()) {
        const spec = { backoffLimit: 0, completions: 1, parallelism: 1, template }
        await cluster.plane.api.create(JOBS, { metadata: { name: `bare-${round}-${i}` }, spec })
      }
    }
    bare.push(count / (await seconds(cluster, count, loop)))
    await cluster.plane.api.delete(JOBS, { propagationPolicy: 'Background' })
    await noJobs(cluster)
  }
  return { ours: median(ours), bare: median(bare) }
}

async function seconds({ plane }: Cluster, count: number, work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  const isDone = async () => {
    const jobs = await plane.api.list<Job>(JOBS)
    const done = jobs.filter(({ status }) =>
      status?.conditions?.some(({ type, status: is }) => type === 'Complete' && is === 'True'),
    )
    return done.length >= count
  }
  await until('all Jobs are complete', isDone, { seconds: 300, everyMs: 100 })
  return (performance.now() - started) / 1000
}

async function noJobs({ plane }: Cluster): Promise<void> {
  await until('no Jobs are left', async () => (await plane.api.list(JOBS)).length === 0, { seconds: 120 })
}

/** A step commits once for each run: under the uid of its own run it would find its work done. */
function asRun(template: Template, uid: string): Template {
  const own = template.metadata.labels['loom.etl/run-uid'] ?? ''
  return JSON.parse(JSON.stringify(template).replaceAll(own, uid))
}
