// loom run --remote: brings runs and their pipelines to the cluster, follows them there, and ends with their exit code.
import { asFault } from '../../base/index.ts'
import {
  type Applicable,
  applyDocument,
  asRun,
  type ClusterChoice,
  hasEnded,
  onCluster,
  type RemoteCluster,
  runView,
} from '../../remote/index.ts'
import { EXIT, type Io, UsageError } from '../io.ts'
import { loadManifests } from '../load-manifests.ts'
import { remoteExitCode } from '../progress/remote.ts'
import { documentsToApply } from '../remote-runs.ts'
import { reportProblems } from '../report-problems.ts'
import { choiceOf, type RunFlags } from '../run-flags.ts'
import { watchRun } from '../watch-run.ts'
import { showRun } from './status.ts'

export interface RemoteRunFlags extends RunFlags {
  cluster: ClusterChoice
  /** Go as soon as the cluster has the runs. */
  detach: boolean
  /** Take over fields that others own. */
  forceConflicts: boolean
}

export async function runRemotely(names: readonly string[], flags: RemoteRunFlags, io: Io): Promise<number> {
  const loaded = await loadManifests(flags.file, io)
  if (reportProblems(loaded.problems, loaded, io)) return EXIT.invalid
  const { runId, retries } = flags
  const { pipelines, runs, left } = documentsToApply(loaded, {
    ...choiceOf(names, flags),
    ...(runId === undefined ? {} : { runId }),
    ...(retries === undefined ? {} : { retries }),
  })
  if (left.length > 0)
    io.err(`${left.join(', ')} of the files: left as it is on the cluster; kubectl apply brings it there\n`)
  return await onCluster(flags.cluster, async (cluster) => {
    for (const document of [...pipelines, ...runs]) assertNamespace(document, cluster)
    for (const pipeline of pipelines) await applyDocument(cluster, pipeline, { force: flags.forceConflicts })
    const started: Started[] = []
    for (const run of runs) started.push(await begin(cluster, run, { flags, io }))
    if (flags.detach) return EXIT.succeeded
    return await followAll(cluster, started, { flags, io })
  })
}

interface Started {
  name: string
  uid: string
}

/** As kubectl has it. */
function assertNamespace({ kind, value }: Applicable, { namespace }: RemoteCluster): void {
  const own = value.metadata.namespace
  if (own !== undefined && own !== namespace)
    throw new UsageError(
      `cannot apply ${kind} "${value.metadata.name ?? ''}": its file says namespace "${own}", and "${namespace}" is asked for; give -n ${own}`,
    )
}

async function begin(
  cluster: RemoteCluster,
  document: Applicable,
  { flags, io }: { flags: RemoteRunFlags; io: Io },
): Promise<Started> {
  const run = asRun(await applyDocument(cluster, document, { force: flags.forceConflicts }))
  const { name, uid, namespace } = run.metadata
  const program = io.program ?? 'loom'
  const view = runView(run, undefined)
  if (hasEnded(view))
    io.err(
      `${name} was run before and has ended ${view.phase}: nothing is run again; give the run another name, or delete it first: kubectl delete etlr ${name} -n ${namespace}\n`,
    )
  else if (flags.detach)
    io.out(`${name} is on its way in namespace ${namespace}; ${program} status ${name} -w watches it\n`)
  return { name, uid }
}

/** @returns the exit code of the first run that did not succeed */
async function followAll(
  cluster: RemoteCluster,
  runs: readonly Started[],
  { flags, io }: { flags: RemoteRunFlags; io: Io },
): Promise<number> {
  const { output } = flags
  const progress = output === 'json' ? 'none' : flags.progress
  let code: number = EXIT.succeeded
  for (const [i, { name, uid }] of runs.entries()) {
    try {
      const view = await watchRun(cluster, { name, uid, progress, io })
      showRun(view, output, io)
      if (code === EXIT.succeeded) code = remoteExitCode(view)
    } catch (thrown) {
      const others = runs.slice(i + 1).map((run) => run.name)
      if (asFault(thrown).code === 'Interrupted' && others.length > 0) io.err(`so do ${others.join(', ')}\n`)
      throw thrown
    }
  }
  return code
}
