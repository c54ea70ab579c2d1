// Reads what the operator mounted: plan and storage binding, plain or compressed.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Fault } from '../base/index.ts'
import { PLAN_VERSION, type Plan, type StepPlan, type StorageBinding, stepsOf } from '../plan/index.ts'

/** @throws Fault missing PlanNotFound, defect CorruptPlan, invalid UnknownPlanVersion */
export async function readPlan(folder: string): Promise<{ plan: Plan; binding: StorageBinding }> {
  const [plan, binding] = [await readJson(folder, 'plan'), await readJson(folder, 'binding')]
  const { version } = plan as { version?: unknown }
  if (version !== PLAN_VERSION) {
    throw new Fault({
      kind: 'invalid',
      code: 'UnknownPlanVersion',
      message: `cannot run plan version ${version}: this image knows version ${PLAN_VERSION}; use the image of the operator's version`,
    })
  }
  return { plan: plan as Plan, binding: binding as StorageBinding }
}

/** @throws Fault defect StepNotInPlan */
export function stepIn(plan: Plan, process: string, name: string): StepPlan {
  const step = stepsOf(plan).find((candidate) => candidate.process === process && candidate.name === name)
  if (step !== undefined) return step
  throw new Fault({
    kind: 'defect',
    code: 'StepNotInPlan',
    message: `cannot run step "${process}/${name}": the plan has none of that name`,
  })
}

async function readJson(folder: string, name: string): Promise<unknown> {
  const plain = await read(join(folder, `${name}.json`))
  const packed = plain === undefined ? await read(join(folder, `${name}.json.gz`)) : undefined
  if (plain === undefined && packed === undefined) {
    throw new Fault({
      kind: 'missing',
      code: 'PlanNotFound',
      message: `cannot read the plan: there is no ${name}.json in "${folder}"; mount the run's ConfigMap there`,
    })
  }
  try {
    return JSON.parse((plain ?? gunzipSync(packed ?? Buffer.alloc(0))).toString('utf8'))
  } catch (cause) {
    throw new Fault({
      kind: 'defect',
      code: 'CorruptPlan',
      message: `cannot read the plan: ${name}.json is damaged`,
      cause,
    })
  }
}

async function read(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw thrown
  }
}
