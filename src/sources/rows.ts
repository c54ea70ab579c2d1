// Rows written in the manifest.
import type { RowsSource } from '../plan/index.ts'
import { identifier, type SourceAdapter } from '../step/index.ts'

export const rowsSource: SourceAdapter<RowsSource> = {
  duckdb: {
    folders: () => [],
    /** @throws Fault invalid RowTypeClash, NoColumns */
    async open({ alias, rows, columns }, session) {
      const table = `rows of ${alias}`
      await session.load(table, rows, columns)
      return `SELECT * FROM ${identifier(table)}`
    },
  },
}
