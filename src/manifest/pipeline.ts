// ETLPipeline: params, processes, steps. Written by data engineers.
import { z } from 'zod'
import { atMostOne, either, exactlyOne, onlyWhen, rules } from './rule.ts'
import { documentOf, durationField, identifierField, nameField, pathField, scalarField } from './shared.ts'
import { sourcesSchema } from './source.ts'
import { targetSchema } from './target.ts'

const scalarType = z.enum(['string', 'integer', 'number', 'boolean', 'date', 'timestamp', 'uuid'])

const paramSchema = z
  .strictObject({
    type: z
      .enum([...scalarType.options, 'list'])
      .describe('string, integer, number, boolean, date, timestamp, uuid or list.'),
    items: scalarType.optional().describe('Type of the items of a list. Default string.'),
    default: z
      .union([scalarField, z.array(scalarField).max(1000)])
      .optional()
      .meta({
        description: 'Value when the run gives none. Without a default the param is required.',
        'x-kubernetes-preserve-unknown-fields': true,
      }),
    enum: z
      .array(scalarField)
      .min(1)
      .max(100)
      .optional()
      .meta({ description: 'The only values allowed.', 'x-kubernetes-preserve-unknown-fields': true }),
    description: z.string().max(1024).optional().describe('What the param means.'),
  })
  .meta({
    description: 'A typed parameter.',
    ...rules(onlyWhen('items', 'type', 'list')),
  })

const codeSchema = z
  .strictObject({
    module: pathField('TypeScript or JavaScript file, relative to the manifest.').optional(),
    export: identifierField('Name of the exported function. Default "default".').optional(),
    inline: z.string().min(1).max(65536).optional().describe('Text of a module whose default export is the function.'),
  })
  .meta({
    description: 'A function that gets {params, sources, log, signal} and returns a query, a relation or rows.',
    ...rules(exactlyOne('module', 'inline')),
  })

const stepSchema = z
  .strictObject({
    name: nameField('Name of the step, unique in its pipeline.'),
    description: z.string().max(1024).optional().describe('What the step does.'),
    sources: sourcesSchema.optional(),
    sql: z
      .string()
      .min(1)
      .max(262144)
      .optional()
      .describe(
        'One SELECT. Sources are tables under their aliases; $(params.NAME) becomes a literal of its type, a list also what IN takes.',
      ),
    code: codeSchema.optional(),
    target: targetSchema.optional(),
    timeout: durationField('The step fails when it takes longer.').optional(),
  })
  .meta({
    description: 'Sources, a body (sql, code, or none: copies its only source), one target.',
    ...rules(atMostOne('sql', 'code')),
  })

const parallelSteps = z
  .strictObject({
    parallel: z
      .array(stepSchema)
      .min(1)
      .max(100)
      .describe('Steps that run at the same time; the next item waits for all.'),
  })
  .describe('A group of steps.')

const processSchema = z
  .strictObject({
    name: nameField('Name of the process, unique in its pipeline.'),
    description: z.string().max(1024).optional().describe('What the process does.'),
    steps: z
      .array(
        z.union([stepSchema, parallelSteps]).meta({
          description: 'A step, or a group {parallel: [...]} of steps.',
          ...rules(either('parallel', 'give a step or a group {parallel: [...]}, not both')),
        }),
      )
      .min(1)
      .max(200)
      .describe('Steps in order; an item may be a group {parallel: [...]}.'),
  })
  .describe('An ordered list of steps.')

const parallelProcesses = z
  .strictObject({ parallel: z.array(processSchema).min(1).max(50).describe('Processes that run at the same time.') })
  .describe('A group of processes.')

export const pipelineSpecSchema = z
  .strictObject({
    description: z.string().max(1024).optional().describe('What the pipeline is for.'),
    params: z
      .record(identifierField('Param name.'), paramSchema)
      .optional()
      .meta({ description: 'Typed parameters, by name.', maxProperties: 100 }),
    processes: z
      .array(
        z.union([processSchema, parallelProcesses]).meta({
          description: 'A process, or a group {parallel: [...]} of processes.',
          ...rules(either('parallel', 'give a process or a group {parallel: [...]}, not both')),
        }),
      )
      .min(1)
      .max(100)
      .describe('Processes in order; an item may be a group {parallel: [...]}.'),
  })
  .describe('The pipeline.')

export const pipelineSchema = documentOf('ETLPipeline', pipelineSpecSchema)

export type PipelineDocument = z.infer<typeof pipelineSchema>
export type PipelineSpec = z.infer<typeof pipelineSpecSchema>
export type ParamSpec = z.infer<typeof paramSchema>
export type StepSpec = z.infer<typeof stepSchema>
export type ProcessSpec = z.infer<typeof processSchema>
/** A step, or a group of steps. */
export type StepItem = ProcessSpec['steps'][number]
/** A process, or a group of processes. */
export type ProcessItem = PipelineSpec['processes'][number]
