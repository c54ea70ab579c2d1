// All write modes, by name.
import type { WriteMode } from '../../../plan/index.ts'
import type { StepContext } from '../../../step/index.ts'
import type { ModeOutcome, TableWrite } from '../mode.ts'
import { append } from './append.ts'
import { replace } from './replace.ts'
import { replacePartition } from './replace-partition.ts'
import { replacePartitions } from './replace-partitions.ts'
import { replaceWhere } from './replace-where.ts'
import { upsert } from './upsert.ts'

export async function runMode(write: TableWrite, mode: WriteMode, { info }: StepContext): Promise<ModeOutcome> {
  switch (mode.mode) {
    case 'append':
      return await append(write)
    case 'replace':
      return await replace(write)
    case 'replacePartitions':
      return await replacePartitions(write, mode)
    case 'replacePartition':
      return await replacePartition(write, mode)
    case 'replaceWhere':
      return await replaceWhere(write, mode, info.params)
    case 'upsert':
      return await upsert(write, mode)
    default:
      return mode satisfies never
  }
}
