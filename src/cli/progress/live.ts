// The steps of a run on a terminal: one line each, redrawn in place while they run.
import { showDuration } from '../../base/index.ts'
import { type Plan, type StepOutcome, stepsOf } from '../../plan/index.ts'
import type { RunWatcher } from '../../runner/index.ts'
import type { StepProgress } from '../../step/index.ts'
import { type Io, type Paint, painter } from '../io.ts'
import { number } from '../text-table.ts'

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_MS = 100

interface Line {
  process: string
  step: string
  startedAt?: number
  progress?: StepProgress
  outcome?: StepOutcome
}

export interface LiveProgress extends RunWatcher {
  stop(): void
}

/** Draws on standard error until it is stopped. */
export function liveProgress(plan: Plan, io: Io, now: () => number): LiveProgress {
  const paint = painter(io)
  const lines = stepsOf(plan).map(({ process, name }): Line => ({ process, step: name }))
  const find = (id: { process: string; step: string }) =>
    lines.find(({ process, step }) => process === id.process && step === id.step)
  let drawn = 0
  let frame = 0
  const draw = () => {
    const text = render(lines, { paint, frame: frame++, now: now(), width: io.width })
    io.err(`${drawn > 0 ? `\u001b[${drawn}A` : ''}${text.map((line) => `\u001b[2K${line}\n`).join('')}`)
    drawn = text.length
  }
  const timer = setInterval(draw, FRAME_MS)
  timer.unref()
  draw()
  return {
    stepStarted(id) {
      Object.assign(find(id) ?? {}, { startedAt: now() })
    },
    stepProgressed(id, progress) {
      const line = find(id)
      if (line !== undefined) line.progress = { ...line.progress, ...progress }
    },
    stepEnded(outcome) {
      Object.assign(find(outcome) ?? {}, { outcome })
    },
    stop() {
      clearInterval(timer)
      draw()
    },
  }
}

/** Processes as heads, their steps below; only what fits the screen's width. */
export function render(
  lines: readonly Line[],
  view: { paint: Paint; frame: number; now: number; width: number },
): string[] {
  const out: string[] = []
  let process = ''
  for (const line of lines) {
    if (line.process !== process) out.push(view.paint('bold', line.process))
    process = line.process
    out.push(`  ${stepLine(line, view)}`)
  }
  return out
}

function stepLine(
  { step, startedAt, progress, outcome }: Line,
  { paint, frame, now, width }: { paint: Paint; frame: number; now: number; width: number },
): string {
  const name = step.padEnd(24)
  if (outcome !== undefined) {
    const time = showDuration(outcome.durationMs)
    if (outcome.state === 'Succeeded')
      return `${paint('green', '✓')} ${name} ${number(outcome.write?.rows ?? 0)} rows  ${paint('dim', time)}`
    return `${paint('red', '✗')} ${name} ${outcome.error?.code ?? outcome.state}  ${paint('dim', time)}`
  }
  if (startedAt === undefined) return `${paint('dim', '·')} ${paint('dim', name)}`
  const bar = progress?.percentage === undefined ? '' : ` ${barOf(progress.percentage)}`
  const text = `${SPINNER[frame % SPINNER.length]} ${name} ${progress?.phase ?? ''}${bar} ${showDuration(now - startedAt)}`
  return text.slice(0, Math.max(20, width - 4))
}

function barOf(percentage: number): string {
  const filled = Math.round(Math.min(100, Math.max(0, percentage)) / 5)
  return `${'█'.repeat(filled)}${'░'.repeat(20 - filled)} ≥ ${Math.floor(percentage)} %`
}
