// One case for each write mode and schema mode that an engine may claim: what is in the table, what is written how, what is
// in the table then. Each case has a result that only this very combination gives.
import { parseTemplate, type SchemaMode, type WriteMode, type WriteModeName } from '../../src/plan/index.ts'

export interface WriteCase {
  write: WriteMode
  /** A SELECT. */
  rows: string
  /** The whole table after the write, sorted by all columns. */
  gives: unknown[]
}

/** Two partitions, one file each. */
export const BEFORE = "SELECT 1 AS id, 'a' AS p, 10 AS v UNION ALL SELECT 2, 'b', 20 UNION ALL SELECT 3, 'b', 30"
export const PARTITIONED: WriteMode = { mode: 'append', partitionBy: ['p'] }

const upsert: WriteMode = { mode: 'upsert', keys: ['id'], partitionBy: ['p'], include: [], exclude: [] }
const replaceWhere: WriteMode = { mode: 'replaceWhere', predicate: parseTemplate('v >= 20').template, partitionBy: [] }
const replacePartition: WriteMode = {
  mode: 'replacePartition',
  values: [{ column: 'p', value: { type: 'string', value: 'b' } }],
}
const one = { id: 1, p: 'a', v: 10 }
const two = { id: 2, p: 'b', v: 20 }
const three = { id: 3, p: 'b', v: 30 }

export const WRITE_CASES: Record<WriteModeName, Partial<Record<SchemaMode, WriteCase>>> = {
  append: {
    strict: {
      write: PARTITIONED,
      rows: "SELECT 'a' AS p, 1 AS id",
      gives: [one, { id: 1, p: 'a', v: null }, two, three],
    },
    evolve: {
      write: { mode: 'append', partitionBy: [] },
      rows: "SELECT 4 AS id, 'c' AS p, 40 AS v, true AS w",
      gives: [
        { ...one, w: null },
        { ...two, w: null },
        { ...three, w: null },
        { id: 4, p: 'c', v: 40, w: true },
      ],
    },
  },
  replace: {
    strict: {
      write: { mode: 'replace', partitionBy: [] },
      rows: "SELECT 'z' AS p, '7' AS id",
      gives: [{ id: 7, p: 'z', v: null }],
    },
    evolve: {
      write: { mode: 'replace', partitionBy: ['p'] },
      rows: "SELECT 7 AS id, 'z' AS p, true AS w",
      gives: [{ id: 7, p: 'z', v: null, w: true }],
    },
    overwrite: {
      write: { mode: 'replace', partitionBy: [] },
      rows: "SELECT 'z' AS name, 'p' AS p",
      gives: [{ name: 'z', p: 'p' }],
    },
  },
  replacePartitions: {
    strict: {
      write: { mode: 'replacePartitions', by: ['p'] },
      rows: "SELECT 9 AS id, 'b' AS p, 90 AS v",
      gives: [one, { id: 9, p: 'b', v: 90 }],
    },
    evolve: {
      write: { mode: 'replacePartitions', by: ['p'] },
      rows: "SELECT 9 AS id, 'b' AS p, 'new' AS w",
      gives: [
        { ...one, w: null },
        { id: 9, p: 'b', v: null, w: 'new' },
      ],
    },
  },
  replacePartition: {
    strict: {
      write: replacePartition,
      rows: "SELECT 9 AS id, 'b' AS p, 90 AS v",
      gives: [one, { id: 9, p: 'b', v: 90 }],
    },
    evolve: {
      write: replacePartition,
      rows: "SELECT 9 AS id, 'b' AS p, 'new' AS w",
      gives: [
        { ...one, w: null },
        { id: 9, p: 'b', v: null, w: 'new' },
      ],
    },
  },
  replaceWhere: {
    strict: { write: replaceWhere, rows: "SELECT 9 AS id, 'a' AS p, 90 AS v", gives: [one, { id: 9, p: 'a', v: 90 }] },
    evolve: {
      write: replaceWhere,
      rows: "SELECT 9 AS id, 'a' AS p, 90 AS v, 'new' AS w",
      gives: [
        { ...one, w: null },
        { id: 9, p: 'a', v: 90, w: 'new' },
      ],
    },
  },
  upsert: {
    strict: {
      write: upsert,
      rows: "SELECT 2 AS id, 'b' AS p, 21 AS v UNION ALL SELECT 2, 'a', 22",
      gives: [one, { id: 2, p: 'a', v: 22 }, { ...two, v: 21 }, three],
    },
    evolve: {
      write: upsert,
      rows: "SELECT 2 AS id, 'b' AS p, 'new' AS w UNION ALL SELECT 4, 'c', 'new'",
      gives: [
        { ...one, w: null },
        { ...two, w: 'new' },
        { ...three, w: null },
        { id: 4, p: 'c', v: null, w: 'new' },
      ],
    },
  },
}
