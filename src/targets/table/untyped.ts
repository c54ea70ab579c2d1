// Columns of a result that are NULL and nothing else have no type (TGT-4). The engine would call them INTEGER, and so would
// the table for ever after.
import { Fault } from '../../base/index.ts'
import type { DeltaSchema } from '../../formats/index.ts'
import type { TableTarget } from '../../plan/index.ts'
import { identifier, type SqlSession } from '../../step/index.ts'
import type { Alignment } from './align.ts'

/** Stronger than no type, weaker than INTEGER. */
const PROBE = 'UTINYINT'

/** @param table its columns keep their types, so these columns may be untyped. @throws Fault invalid UntypedColumn */
export async function refuseUntyped(
  { query, target, session }: { query: string; target: TableTarget; session: SqlSession },
  { columns }: Alignment,
  table: DeltaSchema | undefined,
): Promise<void> {
  const typed = new Set(table?.fields.map((field) => field.name))
  const suspects = columns.flatMap(({ name, from }) =>
    from?.type === 'INTEGER' && !typed.has(name) ? [from.name] : [],
  )
  if (suspects.length === 0) return
  const probes = suspects.map((name) => `coalesce(${identifier(name)}, CAST(NULL AS ${PROBE})) AS ${identifier(name)}`)
  const probed = await session.describe(`FROM (${query}) SELECT ${probes.join(', ')}`)
  const untyped = probed.filter(({ type }) => type === PROBE).map(({ name }) => name)
  if (untyped.length === 0) return
  throw new Fault({
    kind: 'invalid',
    code: 'UntypedColumn',
    message: `cannot make columns ${untyped.join(', ')} of table "${target.ref}": they are NULL without a type; give them one, for example CAST(NULL AS VARCHAR) AS ${untyped[0]}`,
    at: { field: 'target.table' },
  })
}
