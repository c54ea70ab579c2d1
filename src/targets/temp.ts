// Writes an intermediate result of this run: one Parquet file, then the entry that makes it count (TMP-7).
import { isObjectUri } from '../base/index.ts'
import type { TempTarget } from '../plan/index.ts'
import { type TargetAdapter, textLiteral } from '../step/index.ts'
import { syncedSize } from './file-swap.ts'

export const tempTarget: TargetAdapter<TempTarget> = {
  duckdb: {
    folders: (_target, { temps }) => [...temps.folders],
    /** @throws Fault invalid CorrelationIdMissing */
    async write(query, target, session, { temps, info, assertMayCommit }) {
      const { process, step, attempt } = info
      const part = await temps.begin(target, { process, step, attempt })
      const [copied] = await session.rows(
        `COPY (${query}) TO ${textLiteral(part.path)} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false, RETURN_STATS true)`,
      )
      const rows = Number(copied?.['count'] ?? 0)
      const bytes = Number(copied?.['file_size_bytes'] ?? 0)
      // a run's own temps need not outlive a crash of the machine: the run does not either
      if (target.scope !== 'run' && !isObjectUri(part.path)) await syncedSize(part.path)
      await assertMayCommit()
      await part.publish(rows)
      return { rows, bytes, files: 1, warnings: [] }
    },
  },
}
