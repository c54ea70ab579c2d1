// loom show: rows or columns of a table, at any version. loom history: its commits.
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { didYouMean, isTableRef } from '../../base/index.ts'
import { compile } from '../../compile/index.ts'
import type { SourceSpec } from '../../manifest/index.ts'
import { stepsOf } from '../../plan/index.ts'
import type { ColumnType, Row } from '../../step/index.ts'
import { contextMaker } from '../engine-context.ts'
import { EXIT, type Io, UsageError } from '../io.ts'
import { type ChosenStorage, chosenStorage } from '../storage-option.ts'
import { number, textTable } from '../text-table.ts'

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
  const storage = await chosenStorage(flags.storage, io)
  await assertTable(ref, storage)
  const { columns, rows } = await readTable(ref, flags, { storage, io })
  const [shownColumns, shownRows] = flags.schema ? schemaRows(columns) : [columns, rows]
  io.out(`${rendered(shownColumns, shownRows, flags.output)}\n`)
  if (!flags.schema && flags.output === 'table')
    io.err(`${number(rows.length)} rows${rows.length === flags.limit ? ' (more with --limit)' : ''}\n`)
  return EXIT.succeeded
}

export async function historyCommand(
  ref: string,
  flags: { storage?: string; limit: number; output: 'table' | 'json' },
  io: Io,
): Promise<number> {
  const storage = await chosenStorage(flags.storage, io)
  await assertTable(ref, storage)
  const { openFileStore, readHistory } = await import('../../formats/index.ts')
  const entries = await readHistory({ store: openFileStore(storage.locate(ref).uri) }, flags.limit)
  if (flags.output === 'json') {
    io.out(`${JSON.stringify(entries, null, 2)}\n`)
    return EXIT.succeeded
  }
  const titles = [
    { title: 'VERSION', right: true },
    { title: 'TIME' },
    { title: 'OPERATION' },
    { title: 'ROWS', right: true },
    { title: 'STEP' },
    { title: 'RUN' },
    { title: 'BY' },
  ]
  const rows = entries.map(({ version, timestamp, operation, metrics, engine, run }) => [
    String(version),
    new Date(timestamp).toISOString(),
    operation ?? '',
    metrics['numOutputRows'] ?? '',
    run === null ? '' : `${run.process}/${run.step}`,
    run === null ? '' : run.runId,
    engine ?? '',
  ])
  io.out(`${textTable(titles, rows)}\n`)
  return EXIT.succeeded
}

/** @throws UsageError that names a table that is there and nearly called so */
async function assertTable(ref: string, { locate }: ChosenStorage): Promise<void> {
  if (!isTableRef(ref))
    throw new UsageError(`cannot show "${ref}": it is no table name; write two or three dotted names, like raw.orders`)
  const { uri } = locate(ref)
  const there = await namesIn(uri)
  if (there.includes('_delta_log')) return
  if (there.length > 0) throw new UsageError(`cannot show table "${ref}": folder "${uri}" holds no Delta table`)
  const schemaFolder = join(uri, '..')
  const neighbours = (await namesIn(schemaFolder)).map((name) => `${ref.split('.').slice(0, -1).join('.')}.${name}`)
  const known = neighbours.length === 0 ? '' : `; there are ${neighbours.join(', ')}`
  throw new UsageError(`cannot show table "${ref}": there is none at "${uri}"${didYouMean(ref, neighbours)}${known}`)
}

const namesIn = async (folder: string): Promise<string[]> => await readdir(folder).catch(() => [])

interface Rows {
  columns: ColumnType[]
  rows: Row[]
}

/** Runs a step of its own whose rows go to the caller instead of a table: the same reading as in a pipeline. */
async function readTable(
  ref: string,
  flags: ShowFlags,
  { storage, io }: { storage: ChosenStorage; io: Io },
): Promise<Rows> {
  const table: NonNullable<SourceSpec['table']> = {
    ref,
    ...(flags.version === undefined ? {} : { version: flags.version }),
    ...(flags.timestamp === undefined ? {} : { timestamp: flags.timestamp }),
    ...(flags.where === undefined ? {} : { where: flags.where }),
    ...(flags.columns === undefined ? {} : { columns: flags.columns }),
  }
  const step = {
    name: 'show',
    sources: { source: { table } },
    sql: `SELECT * FROM source LIMIT ${flags.limit}`,
    target: { temp: { name: 'shown' } },
  }
  const result = compile({
    pipeline: { name: 'show', spec: { processes: [{ name: 'show', steps: [step] }] } },
    storage: storage.spec,
    run: {},
    facts: storage.facts,
  })
  const planned = result.ok ? stepsOf(result.plan)[0] : undefined
  if (!result.ok || planned === undefined)
    throw new UsageError(
      `cannot show table "${ref}": ${result.ok ? 'nothing to do' : result.problems.map(({ message, hint }) => `${message}; ${hint}`).join('; ')}`,
    )
  const { createDuckDbEngine } = await import('../../engine/index.ts')
  const engine = createDuckDbEngine()
  const folder = join(storage.tempRoot, 'work', randomUUID())
  await mkdir(folder, { recursive: true })
  const read: Rows = { columns: [], rows: [] }
  try {
    const context = await contextMaker({
      plan: result.plan,
      binding: result.binding,
      folder,
      signal: io.signal,
      correlationId: null,
    })
    const writer = {
      write: async (frame: { columns: ColumnType[]; rows(): AsyncIterable<Row> }) => {
        read.columns = frame.columns
        for await (const row of frame.rows()) read.rows.push(row)
        return { rows: read.rows.length }
      },
    }
    await engine.runStep(planned, { ...context(planned), writer })
    return read
  } finally {
    await engine.close()
    await rm(folder, { recursive: true, force: true })
  }
}

function schemaRows(columns: ColumnType[]): [ColumnType[], Row[]] {
  return [
    [
      { name: 'column', type: 'VARCHAR' },
      { name: 'type', type: 'VARCHAR' },
    ],
    columns.map(({ name, type }) => ({ column: name, type })),
  ]
}

const NUMERIC = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*)$/

function rendered(columns: ColumnType[], rows: Row[], output: ShowFlags['output']): string {
  if (output === 'json') return JSON.stringify(rows, (_, value) => plain(value), 2)
  const cells = rows.map((row) => columns.map(({ name }) => cellText(row[name])))
  if (output === 'csv')
    return [columns.map(({ name }) => name), ...cells].map((line) => line.map(csvField).join(',')).join('\n')
  return textTable(
    columns.map(({ name, type }) => ({ title: name, right: NUMERIC.test(type) })),
    cells,
  )
}

const csvField = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (value instanceof Date) return 'toJSON' in value ? String(value.toJSON()) : ''
  return typeof value === 'object' ? JSON.stringify(value, (_, member) => plain(member)) : String(plain(value))
}
