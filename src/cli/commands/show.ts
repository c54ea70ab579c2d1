// loom show: rows or columns of a table, at any version.
import { compile } from '../../compile/index.ts'
import type { SourceSpec } from '../../manifest/index.ts'
import { type Plan, type StepPlan, type StorageBinding, stepsOf } from '../../plan/index.ts'
import { type ColumnType, type Frame, identifier, type Row } from '../../step/index.ts'
import { withEngine } from '../engine-room.ts'
import { EXIT, type Io, UsageError } from '../io.ts'
import { type ShownRows, shownText } from '../shown-rows.ts'
import { assertTable, type ChosenStorage, chosenStorage } from '../storage-option.ts'
import { count } from '../text-table.ts'

export interface ShowFlags {
  storage?: string
  version?: number
  timestamp?: string
  where?: string
  columns?: string[]
  limit: number
  output: 'table' | 'json' | 'csv'
  schema: boolean
}

export async function showCommand(ref: string, flags: ShowFlags, io: Io): Promise<number> {
  if (flags.version !== undefined && flags.timestamp !== undefined)
    throw new UsageError('cannot use --version and --timestamp together: each names a version; leave one of them out')
  const storage = await chosenStorage(flags.storage, io)
  await assertTable(ref, storage)
  const read = (sql: string) => readTable(planOf(ref, sql, { flags, storage }), io)
  const { columns } = await read('SELECT * FROM source LIMIT 0')
  if (flags.schema) {
    io.out(shownText(schemaRows(columns), flags.output))
    return EXIT.succeeded
  }
  const list = flags.output === 'json' ? '*' : textColumns(columns)
  // one more row than is shown tells whether there are more
  const { rows } = await read(`SELECT ${list} FROM source LIMIT ${flags.limit + 1}`)
  const shown = rows.slice(0, flags.limit)
  io.out(shownText({ columns, rows: shown }, flags.output))
  if (flags.output === 'table')
    io.err(`${count(shown.length, 'row')}${rows.length > shown.length ? '; there are more: --limit N' : ''}\n`)
  return EXIT.succeeded
}

/** The engine's own text of every value: nothing is rounded or cut. */
const textColumns = (columns: readonly ColumnType[]): string =>
  columns.map(({ name }) => `CAST(${identifier(name)} AS VARCHAR) AS ${identifier(name)}`).join(', ')

interface ShowPlan {
  plan: Plan
  step: StepPlan
  binding: StorageBinding
}

/** A step of its own, so that it is the same reading as in a pipeline. @throws UsageError */
function planOf(ref: string, sql: string, { flags, storage }: { flags: ShowFlags; storage: ChosenStorage }): ShowPlan {
  const { version, timestamp, where, columns } = flags
  const table: NonNullable<SourceSpec['table']> = {
    ref,
    ...(version === undefined ? {} : { version }),
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(where === undefined ? {} : { where }),
    ...(columns === undefined ? {} : { columns }),
  }
  const step = {
    name: 'show',
    sources: { source: { table } },
    sql,
    target: { temp: { name: 'shown' } },
  }
  const result = compile({
    pipeline: { name: 'show', spec: { processes: [{ name: 'show', steps: [step] }] } },
    storage: storage.spec,
    run: {},
    facts: storage.facts,
  })
  const [planned] = result.ok ? stepsOf(result.plan) : []
  if (result.ok && planned !== undefined) return { plan: result.plan, step: planned, binding: result.binding }
  const problems = result.ok ? [] : result.problems.filter(({ severity }) => severity === 'error')
  throw new UsageError(
    `cannot show table "${ref}": ${problems.map(({ message, hint }) => `${message}; ${hint}`).join('; ')}`,
  )
}

/** The rows go to the caller in place of the step's target. */
async function readTable({ plan, step, binding }: ShowPlan, io: Io): Promise<ShownRows> {
  const read: ShownRows = { columns: [], rows: [] }
  const writer = {
    write: async ({ columns, rows }: Frame) => {
      read.columns = columns
      for await (const row of rows()) read.rows.push(row)
      return { rows: read.rows.length }
    },
  }
  await withEngine({ plan, binding, io, correlationId: null }, async ({ engine, context }) => {
    await engine.runStep(step, { ...context(step), writer })
  })
  return read
}

function schemaRows(columns: readonly ColumnType[]): ShownRows {
  const text = (name: string): ColumnType => ({ name, type: 'VARCHAR' })
  return {
    columns: [text('column'), text('type')],
    rows: columns.map(({ name, type }): Row => ({ column: name, type })),
  }
}
