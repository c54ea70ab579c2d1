// A session on a closed instance, for tests that speak SQL directly.
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { InstancePool, Reach } from '../../src/engine/duckdb/instance.ts'
import type { DuckDbSession, SessionOptions } from '../../src/engine/duckdb/session.ts'

export async function openSession(
  pool: InstancePool,
  { reach = {}, ...options }: { reach?: Partial<Reach> } & Partial<SessionOptions> = {},
): Promise<DuckDbSession> {
  return await pool.open(
    { folders: [], files: [], extensions: [], spillFolder: join(tmpdir(), 'loom-never-spilled'), ...reach },
    { signal: new AbortController().signal, ...options },
  )
}
