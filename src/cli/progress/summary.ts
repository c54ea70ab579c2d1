// The end of a run: a table of its steps, warnings, what has failed with its place and the way out, and one line for all.
import { showDuration } from '../../base/index.ts'
import type { OutcomeError, RunReport, StepOutcome } from '../../plan/index.ts'
import type { ChosenRun } from '../choose-runs.ts'
import { stepPath } from '../compile-chosen.ts'
import type { Paint } from '../io.ts'
import { excerpt } from '../problems.ts'
import { bytes, count, number, type TableColumn, textTable } from '../text-table.ts'

const COLUMNS: TableColumn[] = [
  { title: 'STEP' },
  { title: 'STATE' },
  { title: 'ROWS', right: true },
  { title: 'FILES', right: true },
  { title: 'SIZE', right: true },
  { title: 'VERSION', right: true },
  { title: 'TIME', right: true },
]

export interface SummaryStyle {
  /** File name → its text, for excerpts. */
  texts: ReadonlyMap<string, string>
  paint: Paint
}

export function reportText(report: RunReport, chosen: ChosenRun, style: SummaryStyle): string {
  const { paint } = style
  const warnings = report.steps.flatMap(({ process, step, write }) =>
    (write?.warnings ?? []).map((warning) => `${paint('yellow', 'warning')}: step "${process}/${step}": ${warning}`),
  )
  const failures = errorsOf(report).flatMap((error) => failureLines(error, chosen, style))
  const table = textTable(
    COLUMNS,
    report.steps.map((outcome) => stepRow(outcome, paint)),
  )
  return `${[table, '', ...warnings, ...failures, ...endLines(report, chosen, paint)].join('\n')}\n`
}

type StepError = OutcomeError & { process: string; step: string }

/** Of every failed step in declared order, and of the run when it was no step. */
function errorsOf({ steps, error }: RunReport): StepError[] {
  const errors = steps.flatMap(({ state, error: failure, process, step }) =>
    state === 'Failed' && failure !== undefined ? [{ ...failure, process, step }] : [],
  )
  if (error === undefined || error.code === 'Interrupted') return errors
  const known = errors.some((other) => other.process === error.process && other.step === error.step)
  return known ? errors : [...errors, error]
}

/** Of a plan that may still succeed as it is; a corrected one is another plan, and a run id belongs to one. */
const mayGoOn = ({ state, error }: RunReport): boolean =>
  state === 'Cancelled' || (state === 'Failed' && error?.kind !== 'invalid' && error?.kind !== 'defect')

function endLines(report: RunReport, { name }: ChosenRun, paint: Paint): string[] {
  const { state, durationMs, runId, steps } = report
  const total = steps.reduce((sum, { write }) => sum + (write?.alreadyCommitted === true ? 0 : (write?.rows ?? 0)), 0)
  const colour = state === 'Succeeded' ? 'green' : 'red'
  const end = `${paint('bold', name)} ${paint(colour, state.toLowerCase())} in ${showDuration(durationMs)}, ${count(total, 'row')} written, run id ${runId}`
  if (!mayGoOn(report)) return [end]
  return [end, `${paint('cyan', 'hint')}: the same command with --run-id ${runId} goes on where this run ended`]
}

function stepRow({ process, step, state, write, durationMs }: StepOutcome, paint: Paint): string[] {
  const shown = write?.alreadyCommitted === true ? 'Done before' : state
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
function failureLines(error: StepError, chosen: ChosenRun, { texts, paint }: SummaryStyle): string[] {
  const { process, step, at, code, message, kind } = error
  const base = stepPath(chosen, process, step) ?? ''
  const path = at === undefined ? base : `${base}.${at.field}`
  const place = chosen.pipeline.document.locate(path, at?.offset)
  const bug = kind === 'defect' ? '; this is a defect of loom: please report it, with what --verbose shows' : ''
  const about = code === 'TimedOut' && step === '' ? '' : `step "${process}/${step}": `
  const head = `${place.file}:${place.line}:${place.column}: ${paint('red', 'error')} ${paint('bold', code)}: ${about}${message}${bug}`
  return [head, ...excerpt(texts.get(place.file), { ...place, paint })]
}
