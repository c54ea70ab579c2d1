// The write mode upsert, with its rules between columns (CMP-15).
import type { Path, TableTargetSpec } from '../manifest/index.ts'
import type { WriteMode } from '../plan/index.ts'
import { checkColumns, hasColumn } from './columns.ts'
import type { Findings } from './findings.ts'

/** undefined: a problem has been reported. */
export function compileUpsert(
  spec: NonNullable<TableTargetSpec['upsert']>,
  path: Path,
  findings: Findings,
): WriteMode | undefined {
  const { keys = [], partitionBy = [], include = [], exclude = [] } = spec
  for (const [field, columns] of Object.entries({ keys, partitionBy, include, exclude }))
    checkColumns(columns, [...path, field], findings)
  if (keys.length === 0)
    findings.error('UpsertNoKeys', path, {
      message: 'an upsert needs keys',
      hint: 'add keys: [COLUMN], the columns that identify a row',
    })
  if (include.length > 0 && exclude.length > 0)
    findings.error('UpsertExcludeIncludeConflict', path, {
      message: 'an upsert has both include and exclude',
      hint: 'keep one: include lists what is updated, exclude what is not',
    })
  for (const [i, column] of exclude.entries())
    if (hasColumn(keys, column))
      findings.error('UpsertKeyInExclude', [...path, 'exclude', i], {
        message: `key "${column}" is excluded, but keys are never updated`,
        hint: 'remove it from exclude',
      })
  for (const [i, column] of partitionBy.entries())
    if (hasColumn(keys, column))
      findings.error('PartitionColumnIsKey', [...path, 'partitionBy', i], {
        message: `partition column "${column}" is listed among the keys too`,
        hint: 'remove it from keys: partition columns are part of the identity anyway',
      })
  const identity = [...keys, ...partitionBy]
  const updated = include.filter((column) => !hasColumn(identity, column))
  if (include.length > 0 && updated.length === 0)
    findings.error('UpsertNothingUpdated', [...path, 'include'], {
      message: 'include lists only columns that identify a row, and those are never updated',
      hint: 'list a column that is to be updated, or leave include out to update all',
    })
  return keys.length === 0 ? undefined : { mode: 'upsert', keys, partitionBy, include: updated, exclude }
}
