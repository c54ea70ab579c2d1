// Where the log of a run's steps lies: in pods of their own, or in those of workers. Pure.
import { didYouMean, Fault } from '../base/index.ts'
import type { AnyObject } from '../effects/index.ts'
import { at, LABELS, listAt, textAt } from '../reconcile/index.ts'
import type { StepLine, StepName } from './log-lines.ts'
import type { RunView, StepView } from './run-view.ts'

/** Pods of the steps of a run. */
export const stepPodsSelector = (uid: string): string => `${LABELS.runUid}=${uid},${LABELS.component}=step`

/** Pods of the workers of a pool. */
export const workerPodsSelector = (pool: string): string => `${LABELS.pool}=${pool},${LABELS.component}=worker`

/** Which try of which step the pod is; undefined for one that says nothing of it. */
export function stepOfPod({ metadata: { labels = {} } }: AnyObject): Omit<StepLine, 'text'> | undefined {
  const [process, step] = [labels[LABELS.process], labels[LABELS.step]]
  if (process === undefined || step === undefined) return undefined
  return { process, step, attempt: Number(labels[LABELS.attempt]) || 1, try: Number(labels[LABELS.try]) || 1 }
}

/** Its container has been started, so there is a log. */
export function hasLog(pod: AnyObject, container: string): boolean {
  const phase = textAt(pod, 'status', 'phase')
  if (phase === 'Succeeded' || phase === 'Failed') return true
  return listAt(pod, 'status', 'containerStatuses').some(
    (status) =>
      textAt(status, 'name') === container &&
      (at(status, 'state', 'running') !== undefined || at(status, 'state', 'terminated') !== undefined),
  )
}

/**
 * The steps that a word names: one step, `process/step`, or all of a process.
 * @throws Fault missing StepNotFound
 */
export function wantedSteps(word: string | undefined, run: RunView): (step: StepName) => boolean {
  if (word === undefined) return () => true
  const names = ({ process, step }: StepName) => [step, `${process}/${step}`, process]
  const isWanted = (step: StepName) => names(step).includes(word)
  // not all steps of a large run are known without its plan
  if (run.steps.some(isWanted) || run.untold > 0 || run.startedAt === undefined) return isWanted
  const known = [...new Set(run.steps.flatMap(names))]
  const all = [...new Set(run.steps.map(({ process, step }) => `${process}/${step}`))]
  throw new Fault({
    kind: 'missing',
    code: 'StepNotFound',
    message: `cannot show the log of "${word}": ETLRun "${run.name}" has no step or process of that name${didYouMean(word, known)}; it has ${all.slice(0, 10).join(', ')}${all.length > 10 ? ' …' : ''}`,
  })
}

/** The pools that have, or had, steps of the run in their hands. */
export const poolsOf = (steps: readonly StepView[], isWanted: (step: StepName) => boolean): string[] => [
  ...new Set(steps.filter(isWanted).flatMap(({ pool }) => (pool === undefined ? [] : [pool]))),
]

/** What is said of steps of which no line was found. @param seen keys of those that had a log */
export function withoutLog(run: RunView, isWanted: (step: StepName) => boolean, seen: ReadonlySet<string>): string[] {
  return run.steps
    .filter((step) => isWanted(step) && !seen.has(`${step.process}/${step.step}`))
    .flatMap((step) => {
      const line = whyNone(step)
      return line === undefined ? [] : [`step "${step.process}/${step.step}": ${line}`]
    })
}

function whyNone({ state, pool, reason, message }: StepView): string | undefined {
  const why = reason === undefined ? '' : `: ${reason}: ${message ?? ''}`
  switch (state) {
    case 'Pending':
    case 'Skipped':
      return undefined
    case 'Queued':
      return `it waits for a worker of pool "${pool ?? ''}"${why}`
    case 'Running':
      return pool === undefined
        ? `it has no log yet${why}`
        : `a worker of pool "${pool}" has it, and has said nothing of it yet`
    case 'Succeeded':
    case 'Failed':
    case 'Cancelled': {
      const where = pool === undefined ? 'its pod is gone' : `the worker of pool "${pool}" that had it is gone`
      return `it is ${state}, and its log is no more: ${where}${why}`
    }
    default:
      return state satisfies never
  }
}
