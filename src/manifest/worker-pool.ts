// ETLWorkerPool: standing warm workers of a namespace, to which runs hand out steps. Written by platform engineers.
import { z } from 'zod'
import { podResources, podSettingsSchema } from './pod-settings.ts'
import { notAbove, rules } from './rule.ts'
import { documentOf, durationField, nameField } from './shared.ts'

export const workerPoolSpecSchema = z
  .strictObject({
    storageRef: z
      .strictObject({ name: nameField('Name of the object, in the same namespace.') })
      .optional()
      .describe('The storage that the workers serve; only its runs get them. Default: the one named "default".'),
    replicas: z
      .strictObject({
        min: z
          .int()
          .min(0)
          .max(1000)
          .optional()
          .describe('Workers that are there even when there is nothing to do. Default 0.'),
        max: z.int().min(1).max(1000).describe('Workers at the same time, at most. Each runs one step at a time.'),
      })
      .meta({
        description: 'How many workers; between the two, as many as there are steps for them.',
        ...rules(notAbove('min', 'max')),
      }),
    resources: podResources("CPU and memory of a worker. Default: those of the storage's pods, else 1Gi.").optional(),
    pod: podSettingsSchema
      .omit({ resources: true })
      .optional()
      .describe("Further settings of the workers' pods; the storage must allow each of them."),
    paused: z
      .boolean()
      .optional()
      .describe('Gives out no new steps, and lets the workers go once they are done. Default false.'),
    scaleDown: z
      .strictObject({
        coolDown: durationField('How long a worker must have been too many before it goes. Default 2m.').optional(),
      })
      .optional()
      .describe('When workers go.'),
    drainTimeout: durationField(
      'How long a worker that is to go may take to finish its step; then the step is run again elsewhere. Default 10m.',
    ).optional(),
    maxStepsPerProcess: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe("A worker's engine process is replaced by a new one after so many steps. Default 200."),
  })
  .describe('Warm workers: which storage, how many, how large.')

export const workerPoolSchema = documentOf('ETLWorkerPool', workerPoolSpecSchema)
export type WorkerPoolDocument = z.infer<typeof workerPoolSchema>
export type WorkerPoolSpec = z.infer<typeof workerPoolSpecSchema>
