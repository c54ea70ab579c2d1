// A run on a cluster as a local one is shown: what is known of its steps, put into the words of the tree and of the table.
import { showDuration } from '../../base/index.ts'
import type { StepOutcome } from '../../plan/index.ts'
import { endedSince, newsOf, type RunView, type StepView } from '../../remote/index.ts'
import { EXIT, type Io, type Paint } from '../io.ts'
import { bytes, count, number, type TableColumn, textTable } from '../text-table.ts'
import { LiveTree, type StepLine } from './live.ts'
import { plainWatcher } from './plain.ts'

export interface RemoteProgress {
  show: (run: RunView) => void
  say: (line: string) => void
  stop: () => void
}

/** On standard error: a tree on a terminal, lines elsewhere, or nothing. */
export function openRemoteProgress(name: string, how: 'auto' | 'plain' | 'none', io: Io): RemoteProgress {
  const say = (line: string) => io.err(`${line}\n`)
  if (how === 'none') return { show: () => {}, say, stop: () => {} }
  if (how === 'plain' || !io.liveTerminal) return { show: plainLines(io), say, stop: () => {} }
  const tree = new LiveTree([], { name, io, now: Date.now })
  return {
    show: (run) => {
      const startedAt = timeOf(run.startedAt)
      const note = `  ${run.phase}${whyOf(run)}`
      tree.show({ steps: run.steps.map(lineOf), note, ...(startedAt === undefined ? {} : { startedAt }) })
    },
    say: (line) => tree.say(line),
    stop: () => tree.stop(),
  }
}

function plainLines(io: Io): RemoteProgress['show'] {
  const watcher = plainWatcher(io)
  let before: RunView | undefined
  return (run) => {
    for (const step of endedSince(before, run)) watcher.stepEnded?.(outcomeOf(step))
    for (const line of newsOf(before, run)) io.err(`${run.name}: ${line}\n`)
    before = run
  }
}

/** Not said of what goes its usual way. */
const whyOf = ({ reason, message }: { reason?: string | undefined; message?: string | undefined }): string =>
  reason === undefined || reason === 'Running' || reason === 'Started' ? '' : `: ${reason}: ${message ?? ''}`

function lineOf(step: StepView): StepLine {
  const { process, step: name, state, since } = step
  const line = { process, step: name, skipped: state === 'Skipped' }
  const why = step.reason === undefined ? undefined : `${step.reason}: ${step.message ?? ''}`
  const startedAt = timeOf(since)
  switch (state) {
    case 'Pending':
      return why === undefined ? line : { ...line, note: why }
    case 'Queued':
      return { ...line, note: why ?? `waits for a worker of pool ${step.pool ?? ''}` }
    case 'Running':
      return { ...line, note: why ?? 'running', ...(startedAt === undefined ? {} : { startedAt }) }
    case 'Skipped':
      return line
    case 'Succeeded':
    case 'Failed':
    case 'Cancelled':
      return { ...line, outcome: outcomeOf(step) }
    default:
      return state satisfies never
  }
}

function outcomeOf({ process, step, state, rows, bytes: size, durationMs, reason, ...times }: StepView): StepOutcome {
  const [from, to] = [timeOf(times.since), timeOf(times.finishedAt)]
  const took = from === undefined || to === undefined ? 0 : Math.max(0, to - from)
  return {
    process,
    step,
    state: state === 'Succeeded' || state === 'Failed' ? state : 'Cancelled',
    durationMs: durationMs ?? took,
    ...(rows === undefined ? {} : { write: { rows, bytes: size ?? 0, files: 0, warnings: [] } }),
    ...(reason === undefined ? {} : { error: { kind: 'transient', code: reason, message: times.message ?? '' } }),
  }
}

const COLUMNS: TableColumn[] = [
  { title: 'STEP' },
  { title: 'STATE' },
  { title: 'ROWS', right: true },
  { title: 'SIZE', right: true },
  { title: 'VERSION', right: true },
  { title: 'TIME', right: true },
]

/** How the run is now: a table of its steps, what has failed, and one line for all. */
export function remoteReportText(run: RunView, paint: Paint): string {
  const table =
    run.steps.length === 0
      ? []
      : [
          textTable(
            COLUMNS,
            run.steps.map((step) => rowOf(step, paint)),
          ),
          '',
        ]
  const untold =
    run.untold > 0 ? [paint('dim', `${count(run.untold, 'more step')}; their names stand in the plan only`), ''] : []
  const steps = run.steps.filter(
    ({ state, reason }) => state === 'Failed' || (reason !== undefined && state !== 'Succeeded'),
  )
  const failures = steps.map((step) => {
    const word = step.state === 'Failed' ? paint('red', 'error') : paint('yellow', 'warning')
    return `${word} ${paint('bold', step.reason ?? 'StepFailed')}: step "${step.process}/${step.step}": ${step.message ?? ''}`
  })
  return `${[...table, ...untold, ...failures, ...endLines(run, paint)].join('\n')}\n`
}

function rowOf(
  { process, step, state, rows, bytes: size, tableVersion, durationMs }: StepView,
  paint: Paint,
): string[] {
  const colour = { Succeeded: 'green', Failed: 'red', Cancelled: 'red', Running: 'cyan' } as const
  return [
    `${process}/${step}`,
    paint(state in colour ? colour[state as keyof typeof colour] : 'dim', state),
    rows === undefined ? '' : number(rows),
    size === undefined ? '' : bytes(size),
    tableVersion === undefined ? '' : String(tableVersion),
    durationMs === undefined ? '' : showDuration(durationMs),
  ]
}

function endLines({ name, phase, reason, message = '', ...run }: RunView, paint: Paint): string[] {
  const head = paint('bold', name)
  const ids = run.runId === undefined ? '' : `, run id ${run.runId}`
  const rows = `${count(run.rows ?? 0, 'row')} written`
  const took = run.duration === undefined ? '' : ` in ${run.duration}`
  switch (phase) {
    case 'Succeeded':
      return [`${head} ${paint('green', 'succeeded')}${took}, ${rows}${ids}`]
    case 'Failed':
    case 'Cancelled': {
      // what a step's failure says stands above
      const why =
        reason === 'StepFailed' || reason === 'Cancelled'
          ? []
          : [`${paint('red', 'error')} ${paint('bold', reason ?? '')}: ${message}`]
      return [...why, `${head} ${paint('red', phase.toLowerCase())}${took}, ${rows}${ids}`]
    }
    case 'Pending':
    case 'Running':
    case 'Suspended': {
      const done = run.progress === undefined ? '' : `, ${run.progress} steps done`
      return [`${head} is ${paint('cyan', phase)}${whyOf({ reason, message })}${done}${ids}`]
    }
    default:
      return phase satisfies never
  }
}

/** As a local run's: what is wrong with the run itself is invalid input. */
export function remoteExitCode({ phase, reason }: Pick<RunView, 'phase' | 'reason'>): number {
  if (phase === 'Failed') return reason === 'InvalidPipeline' || reason === 'Denied' ? EXIT.invalid : EXIT.failed
  return phase === 'Cancelled' ? EXIT.interrupted : EXIT.succeeded
}

function timeOf(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '')
  return Number.isNaN(ms) ? undefined : ms
}
