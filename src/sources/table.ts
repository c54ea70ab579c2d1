// Reads a Delta table, at any version. Predicates are AND-ed and come before the projection (SRC-1); files that can hold
// no row that satisfies them are not opened.
import { didYouMean, Fault } from '../base/index.ts'
import { pruneFiles, readSnapshot, type Snapshot, scanQuery, templatePredicate } from '../formats/index.ts'
import type { TableLocation, TableSource } from '../plan/index.ts'
import { identifier, type SourceAdapter, type SqlSession, type StepContext } from '../step/index.ts'

export const tableSource: SourceAdapter<TableSource> = {
  duckdb: {
    folders: (source, context) => [locationOf(source, context).uri],
    open,
  },
}

/** @throws Fault missing TableNotFound; invalid UnknownColumn, SqlSyntax, NotAPredicate, and what reading the log throws */
async function open(source: TableSource, session: SqlSession, context: StepContext): Promise<string> {
  const snapshot = await snapshotOf(source, session, context)
  const { schema, partitionColumns } = snapshot.metadata
  const names = schema.fields.map((field) => field.name)
  const list = projection(source, names)
  const { params } = context.info
  const predicates = []
  for (const [at, template] of source.where.entries())
    predicates.push(await templatePredicate({ template, field: whereField(source, at) }, { names, params, session }))
  const files = await pruneFiles({ files: snapshot.files, schema, partitionColumns, predicates, session })
  const scan = scanQuery({ root: locationOf(source, context).uri, files, schema, partitionColumns })
  const where = predicates.map(({ text }) => `(${text})`).join(' AND ')
  return `SELECT ${list} FROM (${scan})${where === '' ? '' : ` WHERE ${where}`}`
}

async function snapshotOf(source: TableSource, session: SqlSession, context: StepContext): Promise<Snapshot> {
  const { uri } = locationOf(source, context)
  const handle = { store: context.openStore(uri), session }
  const snapshot = await readSnapshot(handle, source.at).catch((thrown: unknown) => {
    throw thrown instanceof Fault && thrown.at === undefined ? placed(thrown, source) : thrown
  })
  if (snapshot !== undefined) return snapshot
  const hasFiles = (await handle.store.list('')).length > 0
  const why = hasFiles ? `folder "${uri}" holds files, but no Delta table` : `there is none at "${uri}"`
  const wayOut = hasFiles
    ? 'read it with a file source, or correct its path in the storage'
    : 'write it first, or correct its name or its path in the storage'
  throw new Fault({
    kind: hasFiles ? 'invalid' : 'missing',
    code: hasFiles ? 'NotATable' : 'TableNotFound',
    message: `cannot read table "${source.ref}": ${why}; ${wayOut}`,
    at: { field: `${fieldOf(source)}.ref` },
  })
}

function placed({ kind, code, message, cause }: Fault, source: TableSource): Fault {
  const member = source.at === undefined ? 'ref' : 'version' in source.at ? 'version' : 'timestamp'
  return new Fault({ kind, code, message, at: { field: `${fieldOf(source)}.${member}` }, cause })
}

function locationOf({ ref }: TableSource, { storage }: StepContext): TableLocation {
  const location = storage.tables[ref]
  if (location !== undefined) return location
  throw new Fault({
    kind: 'defect',
    code: 'TableNotBound',
    message: `cannot find table "${ref}": the storage binding has no place for it; compile the pipeline again`,
  })
}

/** The columns in the order in which the source names them, under the table's own names. */
function projection(source: TableSource, names: string[]): string {
  if (source.columns.length === 0) return '*'
  const own = new Map(names.map((name) => [name.toLowerCase(), name]))
  return source.columns
    .map((name) => {
      const found = own.get(name.toLowerCase())
      if (found !== undefined) return identifier(found)
      throw new Fault({
        kind: 'invalid',
        code: 'UnknownColumn',
        message: `cannot read column "${name}" of table "${source.ref}": it has none of that name${didYouMean(name, names) || `; there are ${names.join(', ')}`}`,
        at: { field: `${fieldOf(source)}.columns` },
      })
    })
    .join(', ')
}

const fieldOf = ({ alias }: TableSource): string => `sources.${alias}.table`

const whereField = (source: TableSource, at: number): string =>
  source.where.length === 1 ? `${fieldOf(source)}.where` : `${fieldOf(source)}.where[${at}]`
