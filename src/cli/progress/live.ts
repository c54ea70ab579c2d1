// The steps of a run on a terminal: a tree of processes and steps, redrawn in place, wiped away at the end (the summary
// follows). It never draws more than the screen holds, since what has scrolled away can't be redrawn.
import { showDuration } from '../../base/index.ts'
import type { StepOutcome } from '../../plan/index.ts'
import type { RunWatcher } from '../../runner/index.ts'
import type { StepProgress } from '../../step/index.ts'
import { type Io, type Paint, painter } from '../io.ts'
import { count, cut } from '../text-table.ts'

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_MS = 100

/** A step as it is seen. */
export interface StepLine {
  process: string
  step: string
  skipped: boolean
  startedAt?: number
  progress?: StepProgress
  outcome?: StepOutcome
  /** What is to be said of it before it has any progress. */
  note?: string
}

export class LiveTree {
  #steps: readonly StepLine[]
  #note = ''
  readonly #name: string
  readonly #io: Io
  readonly #now: () => number
  #startedAt: number
  readonly #timer: NodeJS.Timeout
  #drawn = 0
  #frame = 0

  constructor(steps: readonly StepLine[], { name, io, now }: { name: string; io: Io; now: () => number }) {
    this.#steps = steps
    this.#name = name
    this.#io = io
    this.#now = now
    this.#startedAt = now()
    this.#timer = setInterval(() => this.#draw(), FRAME_MS).unref()
    this.#draw()
  }

  readonly watcher: RunWatcher = {
    stepStarted: (id) => {
      const line = this.#find(id)
      if (line === undefined) return
      delete line.outcome // of the attempt before
      delete line.progress
      line.startedAt = this.#now()
    },
    stepProgressed: (id, progress) => {
      const line = this.#find(id)
      if (line === undefined) return
      // a percentage is that of one phase's query
      const before = line.progress?.phase === progress.phase ? line.progress : {}
      line.progress = { ...before, ...progress }
    },
    stepEnded: (outcome) => {
      const line = this.#find(outcome)
      if (line !== undefined) line.outcome = outcome
    },
  }

  /** For who does not watch steps, but knows how they all are now. */
  show({ steps, note, startedAt }: { steps: readonly StepLine[]; note: string; startedAt?: number }): void {
    this.#steps = steps
    this.#note = note
    this.#startedAt = startedAt ?? this.#startedAt
  }

  say(line: string): void {
    this.#wipe()
    this.#io.err(`${line}\n`)
    this.#draw()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#wipe()
  }

  #find({ process, step }: { process: string; step: string }): StepLine | undefined {
    return this.#steps.find((line) => line.process === process && line.step === step)
  }

  #wipe(): void {
    if (this.#drawn > 0) this.#io.err(`\u001b[${this.#drawn}A\u001b[0J`)
    this.#drawn = 0
  }

  #draw(): void {
    const { rows, columns } = this.#io.screen()
    const now = this.#now()
    const view = { paint: painter(this.#io), frame: this.#frame++, now, rows: rows - 2 }
    const head = `${this.#name} ${view.paint('dim', showDuration(Math.max(0, now - this.#startedAt)))}${this.#note}`
    const lines = [head, ...treeLines(this.#steps, view)].map((line) => `${cut(line, columns - 1)}\n`)
    // one write, so that nothing flickers
    this.#io.err(`${this.#drawn > 0 ? `\u001b[${this.#drawn}A\u001b[0J` : ''}${lines.join('')}`)
    this.#drawn = lines.length
  }
}

export interface View {
  paint: Paint
  frame: number
  now: number
  /** Lines at most. */
  rows: number
}

/** Processes as heads with their steps below; when that is too long, what matters now, and a count of the others. */
export function treeLines(steps: readonly StepLine[], view: View): string[] {
  const width = Math.max(0, ...steps.map(({ step }) => step.length))
  const tree = steps.flatMap((line, i) => [
    ...(line.process === steps[i - 1]?.process ? [] : [view.paint('bold', line.process)]),
    `  ${stepLine(line, line.step.padEnd(width), view)}`,
  ])
  if (tree.length <= view.rows) return tree
  const chosen = steps.toSorted((a, b) => urgency(a) - urgency(b)).slice(0, Math.max(1, view.rows - 1))
  const shown = steps.filter((line) => chosen.includes(line))
  const done = steps.filter(({ outcome }) => outcome !== undefined).length
  return [
    ...shown.map((line) => stepLine(line, `${line.process}/${line.step}`, view)),
    view.paint('dim', `${done} of ${steps.filter(({ skipped }) => !skipped).length} steps have ended`),
  ]
}

/** Small is urgent: what runs, what has failed, what is next. */
function urgency({ startedAt, outcome, skipped }: StepLine): number {
  if (skipped) return 4
  if (outcome !== undefined) return outcome.state === 'Succeeded' ? 3 : 1
  return startedAt === undefined ? 2 : 0
}

function stepLine(
  { startedAt, progress, outcome, skipped, note }: StepLine,
  name: string,
  { paint, frame, now }: View,
): string {
  if (skipped) return paint('dim', `- ${name}  skipped`)
  if (outcome !== undefined)
    return `${endedText(outcome, name, paint)}  ${paint('dim', showDuration(outcome.durationMs))}`
  if (startedAt === undefined) return paint('dim', `· ${name}${note === undefined ? '' : `  ${note}`}`)
  const rows = progress?.rows === undefined ? '' : `  ${count(progress.rows, 'row')}`
  const bar = progress?.percentage === undefined ? '' : `  ${barOf(progress.percentage)}`
  const time = paint('dim', showDuration(Math.max(0, now - startedAt)))
  return `${paint('cyan', SPINNER[frame % SPINNER.length] ?? '')} ${name}  ${progress?.phase ?? note ?? 'start'}${bar}${rows}  ${time}`
}

function endedText({ state, write, error }: StepOutcome, name: string, paint: Paint): string {
  if (state !== 'Succeeded') return `${paint('red', '✗')} ${name}  ${error?.code ?? state}`
  const done = write?.alreadyCommitted === true ? 'done by this run before' : count(write?.rows ?? 0, 'row')
  return `${paint('green', '✓')} ${name}  ${done}`
}

/** The engine knows a lower bound. */
function barOf(percentage: number): string {
  const filled = Math.round(Math.min(100, Math.max(0, percentage)) / 5)
  return `${'█'.repeat(filled)}${'░'.repeat(20 - filled)} ≥ ${Math.floor(percentage)} %`
}
