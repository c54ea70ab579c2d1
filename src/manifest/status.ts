// Status of an ETLRun: written by the operator only, bounded (≤ 32 KiB), enough to go on after a restart.
import { z } from 'zod'

export const PHASES = ['Pending', 'Running', 'Suspended', 'Succeeded', 'Failed', 'Cancelled'] as const
export type Phase = (typeof PHASES)[number]
export const FINAL_PHASES: readonly Phase[] = ['Succeeded', 'Failed', 'Cancelled']

const time = (what: string) => z.string().max(40).meta({ description: what, format: 'date-time' }).optional()
const count = (what: string) => z.int().min(0).optional().describe(what)

export const conditionSchema = z
  .strictObject({
    type: z.string().max(64).describe('Which condition.'),
    status: z.enum(['True', 'False', 'Unknown']).describe('Does the condition hold?'),
    reason: z.string().max(64).describe('Why, as one word.'),
    message: z.string().max(2048).describe('Why, for people.'),
    lastTransitionTime: z.string().max(40).meta({ description: 'When the status last changed.', format: 'date-time' }),
    observedGeneration: z.int().describe('Generation of the spec that this speaks of.'),
  })
  .describe('A condition.')

export const STEP_STATUS_STATES = [
  'Pending',
  'Queued',
  'Running',
  'Succeeded',
  'Failed',
  'Skipped',
  'Cancelled',
] as const

export const stepStatusSchema = z
  .strictObject({
    process: z.string().max(63).describe('Name of the process.'),
    step: z.string().max(63).describe('Name of the step.'),
    state: z.enum(STEP_STATUS_STATES).describe('Where the step is.'),
    attempt: z.int().min(1).describe('Attempt of the run that this speaks of.'),
    try: z.int().min(1).describe('Try within the attempt; disruptions make a new one.'),
    pool: z.string().max(63).optional().describe('The worker pool that has the step; absent: a Job has it.'),
    disruptions: count('How often something interrupted the step that was not its fault.'),
    reason: z.string().max(64).optional().describe('Why it is in this state.'),
    message: z.string().max(512).optional().describe('Why, for people.'),
    since: time('When the present try began.'),
    finishedAt: time('When the step ended.'),
    rows: count('Rows written.'),
    bytes: count('Bytes written.'),
    tableVersion: count('Version of the table that the step committed.'),
    durationMs: count('Milliseconds that the step took.'),
  })
  .describe('State of a step.')

export const runStatusSchema = z
  .strictObject({
    observedGeneration: z
      .int()
      .optional()
      .meta({ description: 'Generation of the spec that the status speaks of.', default: -1 }),
    phase: z.enum(PHASES).optional().describe('Pending, Running, Suspended, Succeeded, Failed or Cancelled.'),
    reason: z.string().max(64).optional().describe('Why the run is in this phase, as one word.'),
    message: z.string().max(2048).optional().describe('Why, for people.'),
    conditions: z
      .array(conditionSchema)
      .max(16)
      .optional()
      .meta({
        description: 'Succeeded, Reconciling, Stalled, Compiled.',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['type'],
      }),
    runId: z.string().max(128).optional().describe('Id of the run, stamped on commits and events.'),
    planHash: z.string().max(80).optional().describe('Hash of the plan that the run started with.'),
    planConfigMap: z.string().max(253).optional().describe('ConfigMap that holds the plan, once a Job needs it.'),
    plan: z
      .string()
      .max(6_000)
      .optional()
      .describe('The plan, where it is small and no Job needs it: JSON, gzip, base64.'),
    attempt: z.int().min(1).optional().describe('Present attempt, from 1.'),
    attemptsBefore: count('Attempts before the last restart; the limit of attempts counts from there.'),
    restarts: count('The value of spec.restarts that has been taken account of.'),
    restartedAt: time('When the run was last restarted.'),
    startedAt: time('When the first step was started.'),
    attemptStartedAt: time('When the present attempt began.'),
    finishedAt: time('When the run ended.'),
    nextAttemptAt: time('When the next attempt begins.'),
    duration: z.string().max(32).optional().describe('How long the run took, since its last restart.'),
    progress: z.string().max(32).optional().describe('Steps done of steps to do, like 7/12.'),
    rows: count('Rows written by all steps.'),
    stepStates: z
      .string()
      .max(20_000)
      .optional()
      .describe(
        'One character per step in declared order: . pending, Q in line for a worker, R running, S succeeded, F failed, K skipped, C cancelled.',
      ),
    steps: z
      .array(stepStatusSchema)
      .max(100)
      .optional()
      .describe('Details of up to 100 steps: those that run or failed first.'),
    failures: z
      .array(
        z
          .strictObject({
            process: z.string().max(63).describe('Name of the process.'),
            step: z.string().max(63).describe('Name of the step.'),
            attempt: z.int().describe('Attempt in which it failed.'),
            reason: z.string().max(64).describe('Why, as one word.'),
            message: z.string().max(512).describe('Why, for people.'),
          })
          .describe('A failure.'),
      )
      .max(3)
      .optional()
      .describe('The first three failures of the present or last attempt, in declared order.'),
  })
  .describe('What the operator says of the run.')

export type RunStatus = z.infer<typeof runStatusSchema>
export type StepStatus = z.infer<typeof stepStatusSchema>
export type Condition = z.infer<typeof conditionSchema>
