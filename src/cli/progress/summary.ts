// The end of a run: a table of its steps, warnings, and the first failure with its place and the way out.
import { showDuration } from '../../base/index.ts'
import type { RunReport, StepOutcome } from '../../plan/index.ts'
import { type ChosenRun, stepPath } from '../choose-runs.ts'
import type { Paint } from '../io.ts'
import { excerpt } from '../problems.ts'
import { bytes, number, type TableColumn, textTable } from '../text-table.ts'

const COLUMNS: TableColumn[] = [
  { title: 'STEP' },
  { title: 'STATE' },
  { title: 'ROWS', right: true },
  { title: 'FILES', right: true },
  { title: 'SIZE', right: true },
  { title: 'VERSION', right: true },
  { title: 'TIME', right: true },
]

export function reportText(
  report: RunReport,
  chosen: ChosenRun,
  texts: ReadonlyMap<string, string>,
  paint: Paint,
): string {
  const rows = report.steps.map((outcome) => stepRow(outcome, paint))
  const total = report.steps.reduce((sum, { write }) => sum + (write?.rows ?? 0), 0)
  const colour = report.state === 'Succeeded' ? 'green' : 'red'
  const head = `${paint('bold', chosen.name)} ${paint(colour, report.state.toLowerCase())} in ${showDuration(report.durationMs)}, ${number(total)} rows written, run id ${report.runId}`
  const warnings = report.steps.flatMap(({ step, write }) =>
    (write?.warnings ?? []).map((warning) => `${paint('yellow', 'warning')}: step "${step}": ${warning}`),
  )
  const failures = report.steps
    .filter(({ error, state }) => error !== undefined && state === 'Failed')
    .flatMap((outcome) => failureText(outcome, chosen, texts, paint))
  return `${[textTable(COLUMNS, rows), ...warnings, ...failures, head].join('\n')}\n`
}

function stepRow({ process, step, state, write, durationMs }: StepOutcome, paint: Paint): string[] {
  const shown = write?.alreadyCommitted === true ? 'Committed before' : state
  const colour = state === 'Succeeded' ? 'green' : state === 'Skipped' ? 'dim' : 'red'
  const version = write?.tableVersion === undefined ? '' : String(write.tableVersion)
  const cells = write === undefined ? ['', '', ''] : [number(write.rows), number(write.files), bytes(write.bytes)]
  return [
    `${process}/${step}`,
    paint(colour, shown),
    ...cells,
    version,
    state === 'Skipped' ? '' : showDuration(durationMs),
  ]
}

/** Where in the file, what, and the line itself. */
function failureText(
  { process, step, error }: StepOutcome,
  chosen: ChosenRun,
  texts: ReadonlyMap<string, string>,
  paint: Paint,
): string[] {
  if (error === undefined) return []
  const base = stepPath(chosen, process, step) ?? ''
  const at = chosen.pipeline.document.locate(
    error.at === undefined ? base : `${base}.${error.at.field}`,
    error.at?.offset,
  )
  const head = `${at.file}:${at.line}:${at.column}: ${paint('red', 'error')} ${paint('bold', error.code)}: step "${process}/${step}": ${error.message}`
  return [head, ...excerpt(texts.get(at.file), at.line, at.column, paint)]
}
