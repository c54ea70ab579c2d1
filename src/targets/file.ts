// Writes one csv, newline-delimited json, parquet or xlsx file, always as a whole (FIL-1). Rows keep the query's order.
import { isObjectUri } from '../base/index.ts'
import type { FileTarget } from '../plan/index.ts'
import { filePath, type StepContext, type TargetAdapter, textLiteral } from '../step/index.ts'
import { type SwapSteps, swapIn, writingPath } from './file-swap.ts'
import { swapInObject } from './object-swap.ts'

export const fileTarget: TargetAdapter<FileTarget> = {
  duckdb: {
    folders: () => [],
    files: (target, context) => [placeOf(target, context).writing],
    extensions: ({ format }) => (format === 'xlsx' ? ['excel'] : []),
    async write(query, target, session, context) {
      const { path, writing } = placeOf(target, context)
      let rows = 0
      const steps: SwapSteps = {
        now: context.now(),
        beforeSwap: context.assertMayCommit,
        write: async () => {
          const [copied] = await session.rows(
            `COPY (${query}) TO ${textLiteral(writing)} (${copyOptions(target, path).join(', ')})`,
          )
          rows = Number(copied?.['Count'] ?? 0)
        },
      }
      const bytes = isObjectUri(path)
        ? await swapInObject({ path, writing }, context.openStore, steps)
        : await swapIn(path, writing, steps)
      return { rows, bytes, files: 1, warnings: [] }
    },
  },
}

function placeOf(target: FileTarget, { storage, info }: StepContext): { path: string; writing: string } {
  const path = filePath(target.location, storage)
  return { path, writing: writingPath(path, info.stepRunId) }
}

function copyOptions(target: FileTarget, path: string): string[] {
  const gzip = path.endsWith('.gz') ? ['COMPRESSION gzip'] : []
  const always = ['USE_TMP_FILE false']
  switch (target.format) {
    case 'csv': {
      const { separator, header, nullValue } = target.options
      const given = [`DELIMITER ${textLiteral(separator)}`, `HEADER ${header}`, `NULLSTR ${textLiteral(nullValue)}`]
      return ['FORMAT csv', ...given, ...gzip, ...always]
    }
    case 'json':
      return ['FORMAT json', ...gzip, ...always]
    case 'parquet':
      return ['FORMAT parquet', `COMPRESSION ${target.options.compression}`, ...always]
    case 'xlsx':
      return ['FORMAT xlsx', `HEADER ${target.options.header}`, ...always]
    default:
      return target satisfies never
  }
}
