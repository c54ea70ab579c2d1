// Rows as text: a table for people, JSON and CSV for programs.
import type { ColumnType, Row } from '../step/index.ts'
import { cut, textTable } from './text-table.ts'

export interface ShownRows {
  columns: ColumnType[]
  rows: Row[]
}

const NUMERIC = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\))$/
/** A long text would push the columns after it out of sight; JSON and CSV have it whole. */
const WIDEST_CELL = 60

export function shownText({ columns, rows }: ShownRows, output: 'table' | 'json' | 'csv'): string {
  switch (output) {
    case 'json':
      return `${JSON.stringify(rows, (_, value: unknown) => plain(value), 2)}\n`
    case 'csv': {
      const lines = [columns.map(({ name }) => name), ...rows.map((row) => columns.map(({ name }) => row[name]))]
      return lines.map((line) => `${line.map(csvField).join(',')}\n`).join('')
    }
    case 'table': {
      const cells = rows.map((row) => columns.map(({ name }) => cut(oneLine(cellText(row[name])), WIDEST_CELL)))
      const titles = columns.map(({ name, type }) => ({ title: name, right: NUMERIC.test(type) }))
      return `${textTable(titles, cells)}\n`
    }
    default:
      return output satisfies never
  }
}

/** As the engine reads it back: null is nothing, an empty text is in quotes. */
function csvField(value: unknown): string {
  if (value === null || value === undefined) return ''
  const text = cellText(value)
  return text === '' || /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** JSON has no 64 bits and no bytes: numbers that it can't hold become text, bytes become base64. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
  if (value instanceof Map) return [...value].map(([key, member]) => ({ key, value: member }))
  // Buffer's toJSON has been here before
  if (isBuffer(value)) return Buffer.from(value.data).toString('base64')
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
}

function isBuffer(value: unknown): value is { data: number[] } {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer' && 'data' in value
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (value instanceof Date) return String(value.toJSON())
  if (typeof value === 'object')
    return JSON.stringify(value, (_, member: unknown) => plain(member)).replace(/^"(.*)"$/s, '$1')
  return String(plain(value))
}

const oneLine = (text: string): string => text.replace(/[\r\n\t]+/g, ' ')
