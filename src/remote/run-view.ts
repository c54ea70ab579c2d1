// A run as people look at it: its status, with the steps that the plan declares. Pure.
import { FINAL_PHASES, type Phase, type RunStatus } from '../manifest/index.ts'
import { declaredSteps, type Plan } from '../plan/index.ts'
import { type RunObject, recordsOf, wantsRestart } from '../reconcile/index.ts'

type StepDetail = NonNullable<RunStatus['steps']>[number]

/** A step; what is not known (yet) is absent. */
export type StepView = Pick<StepDetail, 'process' | 'step' | 'state'> &
  Partial<Omit<StepDetail, 'process' | 'step' | 'state'>>

export interface RunView {
  name: string
  namespace: string
  uid: string
  phase: Phase
  /** It has ended, and is asked to go on; the operator has not taken account of that yet. */
  goesOn?: true
  reason?: string
  message?: string
  runId?: string
  attempt?: number
  startedAt?: string
  finishedAt?: string
  nextAttemptAt?: string
  duration?: string
  progress?: string
  rows?: number
  /** In declared order. Without the plan only those of which the status has details. */
  steps: StepView[]
  /** Steps that are not among `steps`. */
  untold: number
}

const TOLD = [
  'reason',
  'message',
  'runId',
  'attempt',
  'startedAt',
  'finishedAt',
  'nextAttemptAt',
  'duration',
  'progress',
  'rows',
] as const

/** @param plan undefined: it is not known */
export function runView({ metadata, spec, status }: RunObject, plan: Plan | undefined): RunView {
  const steps = plan === undefined ? (status.steps ?? []) : stepsIn(plan, status)
  const { name, namespace, uid } = metadata
  const told = Object.fromEntries(
    TOLD.map((field) => [field, status[field]]).filter(([, value]) => value !== undefined),
  )
  return {
    name,
    namespace,
    uid,
    phase: status.phase ?? 'Pending',
    ...(told as Partial<RunView>),
    ...(goesOn({ metadata, spec, status }) ? { goesOn: true } : {}),
    steps,
    untold: Math.max(0, (status.stepStates ?? '').length - steps.length),
  }
}

function stepsIn(plan: Plan, status: RunStatus): StepView[] {
  const records = new Map(recordsOf(plan, status).map((record) => [`${record.process}/${record.step}`, record]))
  return declaredSteps(plan).map(
    ({ process, step, skipped }): StepView =>
      (skipped ? undefined : records.get(`${process}/${step}`)) ?? { process, step, state: 'Skipped' },
  )
}

/** Asked to after its end, or, where it was refused before its start, changed since. */
export const goesOn = ({ metadata, spec, status }: RunObject): boolean =>
  wantsRestart({ spec, status }) ||
  (status.phase === 'Failed' && status.startedAt === undefined && status.observedGeneration !== metadata.generation)

export const hasEnded = ({ phase, goesOn: again }: Pick<RunView, 'phase' | 'goesOn'>): boolean =>
  FINAL_PHASES.includes(phase) && again !== true

/** What has changed and is worth a line between the steps: `Suspended: suspended; …`. */
export function newsOf(before: RunView | undefined, now: RunView): string[] {
  const { phase, reason = '', message = '', attempt = 1 } = now
  if (hasEnded(now)) return []
  const lines = before?.attempt !== undefined && attempt > before.attempt ? [`attempt ${attempt} begins`] : []
  const isNew = before === undefined || before.reason !== reason || before.phase !== phase
  const isUsual = reason === 'Running' || reason === 'Started' || reason === ''
  return isNew && !isUsual ? [...lines, `${phase}: ${reason}: ${message}`] : lines
}

/** The steps that have ended since. */
export function endedSince(before: RunView | undefined, now: RunView): StepView[] {
  const known = new Map((before?.steps ?? []).map((step) => [`${step.process}/${step.step}`, step]))
  return now.steps.filter((step) => {
    const old = known.get(`${step.process}/${step.step}`)
    const isSame = old?.state === step.state && old.attempt === step.attempt
    return !isSame && (step.state === 'Succeeded' || step.state === 'Failed' || step.state === 'Cancelled')
  })
}
