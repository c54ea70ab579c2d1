// ETLRun: one execution of a pipeline.
import { z } from 'zod'
import { pipelineSpecSchema } from './pipeline.ts'
import { podSettingsSchema } from './pod-settings.ts'
import { exactlyOne, rules } from './rule.ts'
import { documentOf, durationField, identifierField, idField, nameField, scalarField } from './shared.ts'

const reference = (what: string) =>
  z.strictObject({ name: nameField('Name of the object, in the same namespace.') }).describe(what)

const retrySchema = z
  .strictObject({
    limit: z.int().min(0).max(100).optional().describe('Further attempts after the first. Default 0.'),
    backoff: z
      .strictObject({
        initial: durationField('Wait before the second attempt. Default 10s.').optional(),
        factor: z.number().min(1).max(10).optional().describe('Each wait is this much longer. Default 2.'),
        max: durationField('The longest wait. Default 5m.').optional(),
      })
      .optional()
      .describe('Waits between attempts.'),
  })
  .describe(
    'Attempts after a failure that may pass (transient faults, time-outs). What has succeeded is not run again.',
  )

export const DISPATCH_MODES = ['auto', 'job', 'nats'] as const

const dispatchSchema = z
  .strictObject({
    mode: z
      .enum(DISPATCH_MODES)
      .optional()
      .describe(
        'auto: parallel steps go to the warm workers of a pool where there is a suitable one, the rest as Jobs. job: a Job for every step. nats: every step goes to a pool. Default auto.',
      ),
    pool: nameField('The ETLWorkerPool to use. Default: the first suitable one of the namespace, by name.').optional(),
    maxParallel: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .describe('Steps of this run at the same time, at most. Default 20 Jobs; of a pool: as many as it has workers.'),
  })
  .describe('How steps are handed out on Kubernetes.')

export const runSpecSchema = z
  .strictObject({
    pipelineRef: reference('The pipeline to run.').optional(),
    pipeline: pipelineSpecSchema.optional().describe('The pipeline itself, instead of a reference.'),
    storageRef: reference('The storage to use. Default: the one named "default".').optional(),
    params: z
      .record(identifierField('Param name.'), z.union([scalarField, z.array(scalarField).max(1000)]))
      .optional()
      .meta({ description: 'Values of the params.', 'x-kubernetes-preserve-unknown-fields': true }),
    include: z
      .array(nameField('Name of a step or process.'))
      .min(1)
      .max(200)
      .optional()
      .describe('Only these steps or processes. Unknown names are an error.'),
    correlationId: idField('Business id, stable over retries; temps of scope correlation belong to it.').optional(),
    runId: idField('Id of the run, stamped on commits and events. Default: a UUID.').optional(),
    retry: retrySchema.optional(),
    timeout: durationField('The run fails when it takes longer.').optional(),
    suspend: z
      .boolean()
      .optional()
      .describe('Start nothing new; running steps are left to finish. May be changed at any time.'),
    cancel: z.boolean().optional().describe('Stop the run for good. May be set at any time.'),
    restarts: z
      .int()
      .min(0)
      .max(1000)
      .optional()
      .describe(
        'How often the run was asked to go on after it had failed or was cancelled; what has succeeded is not run again. May only grow, at any time; `loom retry` does it. Default 0.',
      ),
    ttlAfterFinished: durationField(
      'Delete the run this long after its end. Default: never; GitOps tools would make it again.',
    ).optional(),
    dispatch: dispatchSchema.optional(),
    step: podSettingsSchema.optional(),
    engine: z.enum(['duckdb']).optional().describe('Engine that runs the steps. Default duckdb.'),
  })
  .meta({
    description: 'What to run, and how.',
    ...rules(exactlyOne('pipelineRef', 'pipeline')),
  })

export const runSchema = documentOf('ETLRun', runSpecSchema)
export type RunDocument = z.infer<typeof runSchema>
export type RunSpec = z.infer<typeof runSpecSchema>
export type RetrySpec = z.infer<typeof retrySchema>
