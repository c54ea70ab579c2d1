// loom history: the commits of a table, newest first.
import { EXIT, type Io } from '../io.ts'
import { assertTable, chosenStorage } from '../storage-option.ts'
import { type TableColumn, textTable } from '../text-table.ts'

export interface HistoryFlags {
  storage?: string
  limit: number
  output: 'table' | 'json'
}

const COLUMNS: readonly TableColumn[] = [
  { title: 'VERSION', right: true },
  { title: 'TIME' },
  { title: 'OPERATION' },
  { title: 'ROWS', right: true },
  { title: 'STEP' },
  { title: 'RUN' },
  { title: 'BY' },
]

export async function historyCommand(ref: string, flags: HistoryFlags, io: Io): Promise<number> {
  const storage = await chosenStorage(flags.storage, io)
  await assertTable(ref, storage)
  const { readHistory } = await import('../../formats/index.ts')
  const entries = await readHistory({ store: storage.openStore(storage.locate(ref).uri) }, flags.limit)
  if (flags.output === 'json') {
    io.out(`${JSON.stringify(entries, null, 2)}\n`)
    return EXIT.succeeded
  }
  const rows = entries.map(({ version, timestamp, operation, metrics, engine, run }) => [
    String(version),
    new Date(timestamp).toISOString(),
    operation ?? '',
    metrics['numOutputRows'] ?? '',
    run === null ? '' : `${run.process}/${run.step}`,
    run === null ? '' : run.runId,
    engine ?? '',
  ])
  io.out(`${textTable(COLUMNS, rows)}\n`)
  return EXIT.succeeded
}
