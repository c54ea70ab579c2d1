// What many runs cost: the operator's memory, and how soon one that is started anew knows them all and has looked at each.
import { readFileSync } from 'node:fs'
import { until } from '../../cluster/bed/index.ts'
import { pathOf } from '../../cluster/support/cluster.ts'
import { type SupervisedOperator, startSupervisedOperator } from '../../cluster/support/supervised-operator.ts'
import { copyRun, originalsOf } from './copies.ts'
import { JOBS, type Lab, oneStep } from './lab.ts'

export interface Scale {
  /** From the start of the process until it leads with full caches, and until it has looked at every run. */
  readonly secondsToLead: number
  readonly secondsInSync: number
  /** MiB, when it has looked at every run; and the most that it ever held. */
  readonly resident: number
  readonly peak: number
}

const RUNNING = 'running'
const FINISHED = 'finished'

/** Fills the lab with runs. */
export async function fill(lab: Lab, { finished, running }: { finished: number; running: number }): Promise<void> {
  const operator = await lab.operator()
  await lab.apply(oneStep(FINISHED))
  await lab.succeeds(FINISHED)
  lab.node.staysRunning = () => true
  await lab.apply(oneStep(RUNNING))
  await until('the pod runs', async () => (await lab.pods(RUNNING)).some(({ status }) => status?.phase === 'Running'))
  await lab.stop(operator)
  // Both are read before: while thousands come, the API server has no time for anybody.
  const [one, other] = [await originalsOf(lab, FINISHED), await originalsOf(lab, RUNNING)]
  await copyRun(lab, one, finished - 1)
  await copyRun(lab, other, running - 1)
  const { api } = lab
  const known = async (path: string) => {
    const { metadata } = await api.get<{ metadata: { remainingItemCount?: number } }>(`${path}?limit=1`)
    return (metadata.remainingItemCount ?? 0) + 1
  }
  const paths = [pathOf('ETLRun'), JOBS, '/api/v1/namespaces/default/pods']
  const all = async () => (await Promise.all(paths.map(known))).every((count) => count >= finished + running)
  await until('the API server knows them all', all, { seconds: 300, everyMs: 500 })
}

/** Starts an operator on what is there. */
export async function startOn(lab: Lab, runs: number): Promise<Scale> {
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000
  const operator = await startSupervisedOperator(lab.plane)
  const secondsToLead = seconds()
  await until('it has looked at every run', async () => (await looksOf(operator)) >= runs, {
    seconds: 300,
    everyMs: 100,
  })
  const secondsInSync = seconds()
  const scale = { secondsToLead, secondsInSync, resident: memory(operator, 'VmRSS'), peak: memory(operator, 'VmHWM') }
  await lab.stop(operator)
  return scale
}

/** How many looks it has finished. */
async function looksOf({ port }: SupervisedOperator): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const counts = text.matchAll(/^loom_reconcile_duration_seconds_count\{result="done"\} (\d+)$/gm)
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}

function memory({ process }: SupervisedOperator, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${process.pid}/status`, 'utf8')
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024
}
