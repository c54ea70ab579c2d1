// Columns that a target names: found whatever their case, or refused with the nearest name.
import { didYouMean, Fault } from '../../base/index.ts'
import type { TableWrite } from './mode.ts'

/** The table's own name of a column. @throws Fault invalid UnknownColumn */
export function tableColumn({ ref, schema }: Pick<TableWrite, 'ref' | 'schema'>, name: string, field: string): string {
  const names = schema.fields.map((candidate) => candidate.name)
  const found = names.find((candidate) => candidate.toLowerCase() === name.toLowerCase())
  if (found !== undefined) return found
  throw new Fault({
    kind: 'invalid',
    code: 'UnknownColumn',
    message: `cannot write table "${ref}": it has no column "${name}"${didYouMean(name, names) || `; there are ${names.join(', ')}`}`,
    at: { field },
  })
}

/** The table's own name of a column that the result must have. @throws Fault invalid UnknownColumn, MissingColumn */
export function givenColumn(write: TableWrite, name: string, field: string): string {
  const column = tableColumn(write, name, field)
  if (write.result.given(column) !== undefined) return column
  throw new Fault({
    kind: 'invalid',
    code: 'MissingColumn',
    message: `cannot write table "${write.ref}": the result has no column "${column}", by which rows are replaced; add it to the result`,
    at: { field },
  })
}
