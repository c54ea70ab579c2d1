// loom status: how a run on a cluster is, once or until it has ended.
import { type ClusterChoice, findRun, onCluster, type RunView } from '../../remote/index.ts'
import { EXIT, type Io, painter } from '../io.ts'
import { remoteExitCode, remoteReportText } from '../progress/remote.ts'
import { viewer, watchRun } from '../watch-run.ts'

export interface StatusFlags {
  cluster: ClusterChoice
  watch: boolean
  output: 'text' | 'json'
  progress: 'auto' | 'plain' | 'none'
}

/** @returns once: 0; with `watch` the exit code of the run */
export async function statusCommand(name: string, flags: StatusFlags, io: Io): Promise<number> {
  const { watch, output, progress } = flags
  return await onCluster(flags.cluster, async (cluster) => {
    const run = await findRun(cluster, name)
    const { uid } = run.metadata
    const view = watch
      ? await watchRun(cluster, { name, uid, progress: output === 'json' ? 'none' : progress, io })
      : await viewer(cluster)(run)
    showRun(view, output, io)
    return watch ? remoteExitCode(view) : EXIT.succeeded
  })
}

export function showRun(run: RunView, output: 'text' | 'json', io: Io): void {
  if (output === 'json') io.out(`${JSON.stringify(run, null, 2)}\n`)
  else io.out(remoteReportText(run, painter(io)))
}
