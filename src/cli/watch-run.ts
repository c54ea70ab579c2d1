// Shows a run on a cluster until it has ended, as a local one is shown.
import { Fault } from '../base/index.ts'
import type { Plan } from '../plan/index.ts'
import { followRun, hasEnded, planOf, type RemoteCluster, type RunView, runView } from '../remote/index.ts'
import type { Io } from './io.ts'
import { openRemoteProgress } from './progress/remote.ts'

export interface WatchOptions {
  name: string
  uid: string
  progress: 'auto' | 'plain' | 'none'
  io: Io
}

/**
 * @returns how the run has ended
 * @throws Fault Interrupted (Ctrl-C: the run goes on, and that is said), conflict RunDeleted, what the API server does not do
 */
export async function watchRun(cluster: RemoteCluster, { name, uid, progress, io }: WatchOptions): Promise<RunView> {
  const shown = openRemoteProgress(name, progress, io)
  const viewOf = viewer(cluster)
  try {
    for await (const run of followRun(cluster, { name, uid }, { signal: io.signal, say: shown.say })) {
      const view = await viewOf(run)
      shown.show(view)
      if (hasEnded(view)) return view
    }
  } finally {
    shown.stop()
  }
  const program = io.program ?? 'loom'
  io.err(
    `no longer watching; ${name} goes on: ${program} status ${name} -w watches it, ${program} cancel ${name} stops it\n`,
  )
  throw new Fault({ kind: 'transient', code: 'Interrupted', message: `cannot watch ETLRun "${name}": interrupted` })
}

/** Reads the plan once, when there is one. */
export function viewer(cluster: RemoteCluster): (run: Parameters<typeof runView>[0]) => Promise<RunView> {
  let plan: Plan | undefined
  let asked: string | undefined
  return async (run) => {
    const { planConfigMap } = run.status
    if (plan === undefined && planConfigMap !== asked) {
      asked = planConfigMap
      plan = await planOf(cluster, run)
    }
    return runView(run, plan)
  }
}
