// One folder of test/reconcile/golden: `in.yaml` (or `in.ts`, documents of a program) holds a run, its pipeline and its
// storage, and maybe `which.json` says which steps, in which attempt and try. What is rendered for them lies beside it.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { V1ConfigMap, V1Job } from '@kubernetes/client-node'
import { stringify } from 'yaml'
import { compile } from '../../src/compile/index.ts'
import { type ParsedDocument, parseDocuments, parseValue } from '../../src/manifest/index.ts'
import { stepsOf } from '../../src/plan/index.ts'
import {
  cleanUpJob,
  configMapName,
  planConfigMap,
  type RunObject,
  type StoredPlan,
  stepJob,
} from '../../src/reconcile/index.ts'

export const GOLDEN = join(import.meta.dirname, 'golden')
export const cases = (): string[] => readdirSync(GOLDEN)

export const OUTPUTS = ['job.yaml', 'config-map.yaml', 'clean-up-job.yaml'] as const

export interface Rendered {
  jobs: V1Job[]
  map: V1ConfigMap
  stored: StoredPlan
  run: RunObject
  outputs: Record<(typeof OUTPUTS)[number], string>
}

interface Which {
  steps?: string[]
  attempt?: number
  try?: number
}

const DEFAULTS = { image: 'registry.example/loom:1.2.3' }

export async function rendered(name: string): Promise<Rendered> {
  const documents = await read(join(GOLDEN, name))
  const run = documents.find((document) => document.kind === 'ETLRun')
  const pipeline = documents.find((document) => document.kind === 'ETLPipeline')
  const storage = documents.find((document) => document.kind === 'ETLStorage')
  const spec = run?.value.spec.pipeline ?? pipeline?.value.spec
  if (run === undefined || spec === undefined || storage === undefined) throw new Error(`${name} lacks a document`)
  const pipelineName = run.value.spec.pipelineRef?.name ?? run.name
  const facts = { workingFolder: '/', manifestFolder: '/' }
  const result = compile({
    pipeline: { name: pipelineName, spec },
    storage: storage.value.spec,
    run: run.value.spec,
    facts,
  })
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  const stored = { plan: result.plan, binding: result.binding, pods: storage.value.spec.pods ?? {} }
  return renderedFor(runObject(run.name, run.value.spec, stored), stored, whichOf(name))
}

function renderedFor(run: RunObject, stored: StoredPlan, which: Which): Rendered {
  const { steps, attempt = 1, try: number = 1 } = which
  const wanted = stepsOf(stored.plan).filter(({ name }) => steps?.includes(name) ?? true)
  const jobs = wanted.map((step) => {
    const id = { process: step.process, step: step.name, attempt, try: number }
    return stepJob({ run, stored, step, id, defaults: DEFAULTS })
  })
  const map = planConfigMap(run.metadata, stored)
  const cleanUps = [cleanUpJob(run, stored, { scope: 'run', defaults: DEFAULTS })]
  if (run.spec.correlationId !== undefined)
    cleanUps.push(cleanUpJob(run, stored, { scope: 'correlation', defaults: DEFAULTS }))
  const outputs = {
    'job.yaml': jobs.map(yaml).join('---\n'),
    'config-map.yaml': yaml(shortened(map)),
    'clean-up-job.yaml': cleanUps.map(yaml).join('---\n'),
  }
  return { jobs: [...jobs, ...cleanUps], map, stored, run, outputs }
}

function runObject(name: string, spec: RunObject['spec'], stored: StoredPlan): RunObject {
  const metadata = {
    name,
    namespace: 'etl',
    uid: '6f1c1d1e-2b1a-4c3d-8e5f-000000000001',
    generation: 1,
    resourceVersion: '7',
    createdAt: 0,
    finalizers: [],
  }
  const status = { runId: spec.runId ?? metadata.uid, planConfigMap: configMapName(metadata, stored) }
  return { metadata, spec, status }
}

/** What is packed is told by its length: gzip may pack differently from one version to the next. */
function shortened(map: V1ConfigMap): object {
  const { binaryData, ...rest } = map
  if (binaryData === undefined) return rest
  return { ...rest, binaryData: Object.fromEntries(Object.keys(binaryData).map((key) => [key, '(packed)'])) }
}

async function read(folder: string): Promise<ParsedDocument[]> {
  if (existsSync(join(folder, 'in.yaml'))) {
    const { documents, problems } = parseDocuments(readFileSync(join(folder, 'in.yaml'), 'utf8'), 'in.yaml')
    if (problems.length > 0) throw new Error(JSON.stringify(problems))
    return documents
  }
  const { default: values }: { default: unknown[] } = await import(join(folder, 'in.ts'))
  return values.flatMap((value) => parseValue(value, 'in.ts').documents)
}

function whichOf(name: string): Which {
  const path = join(GOLDEN, name, 'which.json')
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
}

const yaml = (object: object): string =>
  stringify(object, { lineWidth: 0, aliasDuplicateObjects: false, version: '1.1' })
