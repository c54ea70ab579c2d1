// Replaces every combination of the given columns that occurs in the rows (RP-1…3); an empty result changes nothing. Where
// the table is partitioned by these columns, the files that are written say which combinations there are, and the rows are
// streamed; elsewhere they are stored first.
import { Fault } from '../../../base/index.ts'
import {
  type AddFile,
  filesByPartition,
  parsePredicate,
  partitionLiteral,
  partitionValueOf,
} from '../../../formats/index.ts'
import { identifier } from '../../../step/index.ts'
import { matchingRows, tableOf } from '../matching.ts'
import type { ModeOf, ModeOutcome, TableWrite } from '../mode.ts'
import { rangePredicates } from '../range-predicates.ts'
import { SHOWN_ROWS, showRows } from '../rows-shown.ts'
import { givenColumn } from '../table-column.ts'

const FIELD = 'target.table.replacePartitions.by'

/** @throws Fault invalid UnknownColumn, MissingColumn, NullPartitionValue */
export async function replacePartitions(write: TableWrite, mode: ModeOf<'replacePartitions'>): Promise<ModeOutcome> {
  const by = mode.by.map((name) => givenColumn(write, name, FIELD))
  const outcome = by.every((name) => write.partitionColumns.includes(name))
    ? await byPartitionColumns(write, by)
    : await byAnyColumns(write, by)
  if (outcome.rows > 0 || write.base === undefined) return outcome
  return {
    ...outcome,
    warnings: [`table "${write.ref}" is left as it is: the result has no rows, so it names no partition to replace`],
  }
}

async function byPartitionColumns(write: TableWrite, by: string[]): Promise<ModeOutcome> {
  const { files, rows } = await write.writeFiles(write.result.query)
  if (files.some((file) => by.some((name) => partitionValueOf(file, name) === null))) {
    await write.discard(files)
    throw await nullFault(write, by)
  }
  const partitions = combinationsOf(files, by)
  const remove = await filesOf(write, by, partitions)
  return { add: files, remove, reads: { kind: 'partitions', partitions }, rows, metrics: {}, warnings: [] }
}

function combinationsOf(files: AddFile[], by: string[]): Record<string, string | null>[] {
  const combinations = files.map((file) => Object.fromEntries(by.map((name) => [name, partitionValueOf(file, name)])))
  return [...new Map(combinations.map((values) => [JSON.stringify(values), values])).values()]
}

/** Types whose values have one text only, whoever writes it. */
const PLAIN_TEXT = new Set(['string', 'byte', 'short', 'integer', 'long', 'boolean', 'date'])

async function filesOf(
  write: TableWrite,
  by: string[],
  partitions: Record<string, string | null>[],
): Promise<AddFile[]> {
  if (partitions.length === 0 || write.files.length === 0) return []
  const types = new Map(write.schema.fields.map(({ name, type }) => [name, type]))
  const plain = by.every((name) => PLAIN_TEXT.has(String(types.get(name))))
  if (plain) {
    const key = (values: Record<string, string | null>) => JSON.stringify(by.map((name) => values[name]))
    const replaced = new Set(partitions.map(key))
    return write.files.filter((file) => replaced.has(key(file.partitionValues)))
  }
  const equals = (name: string, text: string | null) =>
    `${identifier(name)} = ${partitionLiteral(text, types.get(name) ?? 'string')}`
  const condition = partitions
    .map((values) => `(${by.map((name) => equals(name, values[name] ?? null)).join(' AND ')})`)
    .join(' OR ')
  const predicate = await parsePredicate(condition, [...types.keys()], write.session)
  const files = await filesByPartition({ ...tableOf(write), predicates: [predicate], session: write.session })
  return files ?? []
}

async function byAnyColumns(write: TableWrite, by: string[]): Promise<ModeOutcome> {
  const stored = await write.result.store()
  const list = by.map(identifier).join(', ')
  const [nulls] = await write.session.rows(
    `SELECT count(*) AS n FROM ${stored} WHERE ${by.map((name) => `${identifier(name)} IS NULL`).join(' OR ')}`,
  )
  if (Number(nulls?.['n']) > 0) throw await nullFault(write, by)
  const old = await matchingRows(
    write,
    `(${list}) IN (SELECT ${by.length === 1 ? list : `(${list})`} FROM ${stored})`,
    await rangePredicates(write, stored, by),
  )
  const rest = old.rest === undefined ? '' : ` UNION ALL (${old.rest.query})`
  const written = await write.writeFiles(`SELECT * FROM (${write.result.query})${rest}`)
  const copied = old.rest?.rows ?? 0
  return {
    add: written.files,
    remove: old.files,
    reads: { kind: 'wholeTable' },
    rows: written.rows - copied,
    metrics: { numDeletedRows: old.rows ?? 0, numCopiedRows: copied },
    warnings: [],
  }
}

async function nullFault(write: TableWrite, by: string[]): Promise<Fault> {
  const isNull = by.map((name) => `NULLIF(CAST(${identifier(name)} AS VARCHAR), '') IS NULL`)
  const rows = await write.session.rows(
    `SELECT * FROM (${write.result.query}) WHERE ${isNull.join(' OR ')} LIMIT ${SHOWN_ROWS}`,
  )
  return new Fault({
    kind: 'invalid',
    code: 'NullPartitionValue',
    message: `cannot replace partitions of table "${write.ref}": rows have no value in ${by.join(' or ')}: ${showRows(rows)}; filter them out, or give them a value`,
    at: { field: FIELD },
  })
}
