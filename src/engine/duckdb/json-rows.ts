// The rows of a result that is all there, as JSON. Taking its chunks needs no trip to the thread pool for each, which is
// what most of a small query's time would be.
import { type DuckDBMaterializedResult, JsonDuckDBValueConverter } from '@duckdb/node-api'
import type { JsonRow } from '../../step/index.ts'

export function jsonRows(result: DuckDBMaterializedResult): JsonRow[] {
  const names = result.deduplicatedColumnNames()
  const rows: JsonRow[] = []
  for (let at = 0; at < result.chunkCount; at++)
    for (const values of result.getChunk(at).convertRows(JsonDuckDBValueConverter))
      rows.push(Object.fromEntries(names.map((name, column) => [name, values[column]])) as JsonRow)
  return rows
}
