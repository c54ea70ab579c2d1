// The table target, for every engine.
import type { TableTarget } from '../../plan/index.ts'
import type { TargetAdapter } from '../../step/index.ts'
import { tableLocation } from './location.ts'
import { writeTable } from './table.ts'

export const tableTarget: TargetAdapter<TableTarget> = {
  duckdb: {
    folders: ({ ref }, context) => [tableLocation(ref, context).uri],
    write: writeTable,
  },
}
