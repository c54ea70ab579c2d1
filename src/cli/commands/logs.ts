// loom logs: what the steps of a run on a cluster have said, wherever they ran. Standard output has the lines and nothing else.
import {
  type ClusterChoice,
  findRun,
  followLogs,
  onCluster,
  planOf,
  runView,
  type StepLine,
  showLogs,
  shownText,
  stepLabel,
  wantedSteps,
} from '../../remote/index.ts'
import { EXIT, type Io, type Paint, painter } from '../io.ts'

export interface LogsFlags {
  cluster: ClusterChoice
  follow: boolean
  /** The lines as they are in the pods. */
  raw: boolean
  tail?: number
}

/** @param word a step, `process/step` or a process; undefined: all of them */
export async function logsCommand(
  { name, word }: { name: string; word: string | undefined },
  { cluster: choice, follow, raw, tail }: LogsFlags,
  io: Io,
): Promise<number> {
  return await onCluster(choice, async (cluster) => {
    const run = await findRun(cluster, name)
    const view = runView(run, await planOf(cluster, run))
    const isWanted = wantedSteps(word, view)
    const isOne = view.untold === 0 && view.steps.filter(isWanted).length === 1
    const options = {
      isWanted,
      signal: io.signal,
      line: (line: StepLine) => io.out(`${raw ? line.text : lineText(line, { isOne, paint: painter(io) })}\n`),
      say: (note: string) => io.err(`${note}\n`),
      ...(tail === undefined ? {} : { tail }),
    }
    if (follow) await followLogs(cluster, run, options)
    else await showLogs(cluster, view, options)
    return io.signal.aborted ? EXIT.interrupted : EXIT.succeeded
  })
}

/** Of one step, what tells its tries apart is enough. */
function lineText(line: StepLine, { isOne, paint }: { isOne: boolean; paint: Paint }): string {
  const isFirst = line.attempt === 1 && line.try === 1
  return `${isOne && isFirst ? '' : `${paint('cyan', `[${stepLabel(line)}]`)} `}${shownText(line.text)}`
}
