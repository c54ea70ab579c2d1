// Status of an ETLWorkerPool: written by the operator only; enough for a new leader to go on scaling where the last one was.
import { z } from 'zod'
import { conditionSchema } from './status.ts'

const time = (what: string) => z.string().max(40).meta({ description: what, format: 'date-time' }).optional()
const count = (what: string) => z.int().min(0).optional().describe(what)

export const workerPoolStatusSchema = z
  .strictObject({
    observedGeneration: z
      .int()
      .optional()
      .meta({ description: 'Generation of the spec that the status speaks of.', default: -1 }),
    reason: z.string().max(64).optional().describe('How the pool is, as one word.'),
    message: z.string().max(2048).optional().describe('How it is, for people.'),
    conditions: z
      .array(conditionSchema)
      .max(16)
      .optional()
      .meta({
        description: 'Ready, Reconciling, Stalled.',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['type'],
      }),
    storage: z.string().max(253).optional().describe('The storage that the workers serve.'),
    ready: z.string().max(32).optional().describe('Workers that are ready, of those that are wanted, like 2/3.'),
    replicas: count('Workers that there are.'),
    readyReplicas: count('Workers that are ready.'),
    desiredReplicas: count('Workers that are wanted.'),
    busy: count('Workers that have a step.'),
    idle: count('Workers that wait for a step.'),
    backlog: count('Steps that wait for a worker.'),
    countedAt: time('When busy, idle and backlog were written.'),
    lastScaleTime: time('When the number of wanted workers last changed.'),
    surplus: z
      .strictObject({
        since: z.string().max(40).meta({ description: 'Since when.', format: 'date-time' }),
        needed: z.int().min(0).describe('As many as were needed since then, at most.'),
      })
      .optional()
      .describe('There are more workers than are needed; they go after the cool-down.'),
  })
  .describe('What the operator says of the pool.')

export type WorkerPoolStatus = z.infer<typeof workerPoolStatusSchema>
