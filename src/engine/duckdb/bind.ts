// Checks a step without running it (design §4, `loom check`): its SQL is bound against what its sources are, or will be.
import { asFault, didYouMean, Fault } from '../../base/index.ts'
import { renderTemplate, type SourcePlan, type StepPlan, type TableSource, type TargetPlan } from '../../plan/index.ts'
import { type ColumnType, identifier, paramLiteral, type SqlSession, type StepContext } from '../../step/index.ts'
import { sqlBody } from './body.ts'
import { openSource } from './open-sources.ts'

/** What earlier steps write, by name: their columns, or undefined when those are known only once they have run. */
export interface KnownResults {
  tables: Map<string, ColumnType[] | undefined>
  temps: Map<string, ColumnType[] | undefined>
}

export interface BoundStep {
  /** Of the step's result; undefined when they can't be known yet. */
  columns: ColumnType[] | undefined
  /** Everything wrong that was found, each with its place. */
  faults: Fault[]
  /** What could not be checked, and why. */
  unchecked: string | undefined
}

/** Never runs the body. @throws Fault only of kinds that are not about the step (Interrupted, DiskFull, …) */
export async function bindStep(
  step: StepPlan,
  session: SqlSession,
  { context, known }: { context: StepContext; known: KnownResults },
): Promise<BoundStep> {
  const faults: Fault[] = []
  let unchecked: string | undefined
  for (const source of step.sources) {
    try {
      unchecked = (await bindSource(source, session, { context, known })) ?? unchecked
    } catch (thrown) {
      faults.push(aboutTheStep(thrown))
    }
  }
  if (faults.length > 0) return { columns: undefined, faults, unchecked: 'its sources are not in order' }
  if (unchecked !== undefined) return { columns: undefined, faults, unchecked }
  try {
    const columns = await bodyColumns(step, session, context)
    if (columns === undefined)
      return { columns, faults, unchecked: 'what its code returns is known only once it has run' }
    return { columns, faults: targetFaults(step.target, columns), unchecked: undefined }
  } catch (thrown) {
    return { columns: undefined, faults: [aboutTheStep(thrown)], unchecked: undefined }
  }
}

function aboutTheStep(thrown: unknown): Fault {
  const fault = asFault(thrown)
  if (fault.kind === 'invalid' || fault.kind === 'missing' || fault.kind === 'denied') return fault
  throw fault
}

/** Makes the view of a source. @returns why that can't be done yet */
async function bindSource(
  source: SourcePlan,
  session: SqlSession,
  { context, known }: { context: StepContext; known: KnownResults },
): Promise<string | undefined> {
  const results = source.kind === 'table' ? known.tables : source.kind === 'temp' ? known.temps : undefined
  const name = source.kind === 'table' ? source.ref : source.kind === 'temp' ? source.name : ''
  if (results === undefined || !results.has(name)) {
    if (source.kind === 'temp') return `nothing checked before writes temp "${name}"`
    await openSource(source, { session, context })
    return undefined
  }
  const columns = results.get(name)
  if (columns === undefined) return `the columns of ${source.kind} "${name}" are known only once it is written`
  const empty = `SELECT ${columns.map(({ name, type }) => `CAST(NULL AS ${type}) AS ${identifier(name)}`).join(', ')} WHERE false`
  const select = source.kind === 'table' ? await tableSelect(source, empty, { session, context }) : empty
  await session.run(`CREATE VIEW ${identifier(source.alias)} AS ${select}`)
  return undefined
}

async function tableSelect(
  source: TableSource,
  rows: string,
  { session, context }: { session: SqlSession; context: StepContext },
): Promise<string> {
  for (const [i, template] of source.where.entries()) {
    const { text, sourceOffset } = renderTemplate(template, paramLiteral(context.info.params))
    const before = `SELECT * FROM (${rows}) WHERE (`
    await session.describe(`${before}${text}\n)`).catch((thrown: unknown) => {
      const fault = asFault(thrown)
      const field = `sources.${source.alias}.table.where${source.where.length > 1 ? `[${i}]` : ''}`
      const offset = fault.at?.offset === undefined ? undefined : fault.at.offset - before.length
      throw new Fault({
        kind: fault.kind,
        code: fault.code,
        message: fault.message,
        at: { field, ...(offset === undefined || offset < 0 ? {} : { offset: sourceOffset(offset) }) },
        cause: fault,
      })
    })
  }
  const list = source.columns.length === 0 ? '*' : source.columns.map(identifier).join(', ')
  const select = `SELECT ${list} FROM (${rows})`
  await session.describe(select).catch((thrown: unknown) => {
    const { kind, code, message } = asFault(thrown)
    throw new Fault({ kind, code, message, at: { field: `sources.${source.alias}.table.columns` }, cause: thrown })
  })
  return select
}

async function bodyColumns(
  { body, sources }: StepPlan,
  session: SqlSession,
  context: StepContext,
): Promise<ColumnType[] | undefined> {
  if (body.kind === 'code') return undefined
  if (body.kind === 'sql') return (await sqlBody(body.sql, session, { params: context.info.params })).columns
  return await session.describe(`SELECT * FROM ${identifier(sources[0]?.alias ?? '')}`)
}

/** Columns that the target names must be in the result. */
function targetFaults(target: TargetPlan, columns: ColumnType[]): Fault[] {
  if (target.kind !== 'table') return []
  const known = new Set(columns.map(({ name }) => name.toLowerCase()))
  return namedColumns(target.write).flatMap(({ column, field }) =>
    known.has(column.toLowerCase())
      ? []
      : [
          new Fault({
            kind: 'invalid',
            code: 'UnknownColumn',
            message: `cannot write table "${target.ref}": the step's result has no column "${column}"${didYouMean(
              column,
              columns.map(({ name }) => name),
            )}`,
            at: { field: `target.table.${field}` },
          }),
        ],
  )
}

function namedColumns(write: Extract<TargetPlan, { kind: 'table' }>['write']): { column: string; field: string }[] {
  const under = (columns: string[], field: string) =>
    columns.map((column) => ({ column, field: `${write.mode}.${field}` }))
  switch (write.mode) {
    case 'append':
    case 'replace':
    case 'replaceWhere':
      return under(write.partitionBy, 'partitionBy')
    case 'replacePartitions':
      return under(write.by, 'by')
    case 'replacePartition':
      return []
    case 'upsert':
      return [
        ...under(write.keys, 'keys'),
        ...under(write.partitionBy, 'partitionBy'),
        ...under(write.include, 'include'),
      ]
    default:
      return write satisfies never
  }
}
