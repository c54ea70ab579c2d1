// The session that a step runs in: on an instance that the steps of its run share, or on one of its own (company.ts).
import { join } from 'node:path'
import { Fault } from '../../base/index.ts'
import type { StepPlan } from '../../plan/index.ts'
import { sourceOn } from '../../sources/index.ts'
import type { Company, SqlSession, StepContext } from '../../step/index.ts'
import { targetOn } from '../../targets/index.ts'
import { bodyText } from './body.ts'
import { conditionsOf, mayShare, readsOnly, sharing } from './company.ts'
import type { InstancePool, Reach } from './instance.ts'
import { bucketsOf, S3_EXTENSION } from './s3-access.ts'
import { type ParsedSelect, parseSelect } from './select.ts'
import type { DuckDbSession, SessionOptions } from './session.ts'

export interface OpenStep {
  session: DuckDbSession
  /** The body's SQL, if it was parsed on the way. */
  parsed?: ParsedSelect | undefined
}

/** What the steps of a company may reach together; undefined when there is nobody to share with. */
const reaches = new WeakMap<Company, Reach | undefined>()

/** @throws Fault missing ExtensionMissing */
export async function openStep(
  step: StepPlan,
  pool: InstancePool,
  { context, ...options }: { context: StepContext } & Pick<SessionOptions, 'signal' | 'onPercentage'>,
): Promise<OpenStep> {
  const shared = mayShare(step) ? sharedReach(context) : undefined
  if (shared === undefined) return { session: await pool.open(reachOf(step, context), options) }
  const session = await pool.share(shared, options)
  try {
    const { parsed, harmless } = await lookThrough(step, session, context)
    if (harmless) return { session, parsed }
    await session.close()
    return { session: await pool.open(reachOf(step, context), options), parsed }
  } catch (thrown) {
    await session.close()
    throw thrown
  }
}

/** Parses what the user wrote; nothing of it is bound. */
async function lookThrough(
  step: StepPlan,
  session: SqlSession,
  context: StepContext,
): Promise<{ parsed?: ParsedSelect; harmless: boolean }> {
  for (const condition of conditionsOf(step, context)) {
    const { error, statements } = await parseSelect(`SELECT 1 WHERE (${condition}\n)`, session)
    if (error || statements?.length !== 1 || !readsOnly(statements, [])) return { harmless: false }
  }
  if (step.body.kind !== 'sql') return { harmless: true }
  const parsed = await parseSelect(bodyText(step, context), session)
  const aliases = step.sources.map(({ alias }) => alias.toLowerCase())
  return { parsed, harmless: !parsed.error && readsOnly(parsed.statements, aliases) }
}

export function reachOf(step: StepPlan, context: StepContext): Reach {
  const target = targetOn('duckdb', step.target)
  const sources = step.sources.map((source) => sourceOn('duckdb', source))
  const folders = [...sources.flatMap((source) => source.folders(context)), ...target.folders(context)]
  const files = [...sources.flatMap((source) => source.files(context)), ...target.files(context)]
  const declared = [...sources.flatMap((source) => source.extensions()), ...target.extensions()]
  return {
    folders,
    files,
    extensions: [...new Set([...declared, ...storeExtensions([...folders, ...files])])],
    objectStore: context.storage.objectStore,
    spillFolder: join(context.workFolder, 'spill'),
  }
}

const storeExtensions = (places: string[]): string[] => (bucketsOf(places).length > 0 ? [S3_EXTENSION] : [])

function sharedReach(context: StepContext): Reach | undefined {
  const { company } = context
  if (company === undefined) return undefined
  if (reaches.has(company)) return reaches.get(company)
  const each = sharing(company).flatMap((step) => knownReach(step, context))
  const reach: Reach = {
    folders: [...new Set(each.flatMap(({ folders }) => folders))],
    files: [...new Set(each.flatMap(({ files }) => files))],
    extensions: [...new Set(each.flatMap(({ extensions }) => extensions))],
    objectStore: context.storage.objectStore,
    spillFolder: join(company.workFolder, 'spill'),
  }
  reaches.set(company, each.length < 2 ? undefined : reach)
  return reaches.get(company)
}

/** Nothing for a step that names what there is not: it fails by itself, and no other one for its sake. */
function knownReach(step: StepPlan, context: StepContext): Reach[] {
  try {
    return [reachOf(step, context)]
  } catch (thrown) {
    if (thrown instanceof Fault) return []
    throw thrown
  }
}
