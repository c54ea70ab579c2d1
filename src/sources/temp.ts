// Reads an intermediate result of this run: all winning parts, whatever order their columns come in (TMP-9).
import type { TempSource } from '../plan/index.ts'
import { type SourceAdapter, textLiteral } from '../step/index.ts'

export const tempSource: SourceAdapter<TempSource> = {
  duckdb: {
    folders: (_source, { temps }) => [...temps.folders],
    /** @throws Fault missing TempNotFound */
    async open({ name }, _session, { temps }) {
      const paths = await temps.resolve(name)
      const list = paths.map(textLiteral).join(', ')
      return `SELECT * FROM read_parquet([${list}], union_by_name = true, hive_partitioning = false)`
    },
  },
}
