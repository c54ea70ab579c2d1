// When a value of the result can't become one of the table's: which column it is, which types, and an example.
import { Fault } from '../../base/index.ts'
import { textLiteral } from '../../step/index.ts'
import { alignedExpression, needsCast } from './align.ts'
import type { TableWrite } from './mode.ts'

/** What was thrown; or, if a column's cast was at fault, a Fault that says so. Reads the result again, up to the value. */
export async function explained(thrown: unknown, write: TableWrite): Promise<unknown> {
  if (!(thrown instanceof Fault) || !['ConversionError', 'OutOfRange', 'SqlError'].includes(thrown.code)) return thrown
  for (const column of write.result.columns) {
    const { from, type, name } = column
    if (from === undefined || !needsCast(from.type, type)) continue
    const example = await exampleOf(write, from.name, alignedExpression(column, 'TRY_CAST'))
    if (example === undefined) continue
    return new Fault({
      kind: 'invalid',
      code: 'CastFailed',
      message: `cannot write column "${name}" of table "${write.ref}": it is ${from.type} in the result and ${type} in the table, and ${example} can't be converted; correct or filter such values, or cast the column in the step`,
      at: { field: 'target.table.schema' },
      cause: thrown,
    })
  }
  return thrown
}

/** A value that fails; undefined when there is none, or when the result can't be read at all. */
async function exampleOf(write: TableWrite, name: string, tried: string): Promise<string | undefined> {
  try {
    const value = await write.result.firstValue(name, `${tried} IS NULL`)
    return value === undefined ? undefined : `the value ${textLiteral(value)}`
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.code === 'Interrupted') throw thrown
    return undefined
  }
}
