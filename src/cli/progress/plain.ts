// One line for each step that has ended, for logs and pipes.
import { showDuration } from '../../base/index.ts'
import type { StepOutcome } from '../../plan/index.ts'
import type { RunWatcher } from '../../runner/index.ts'
import { type Io, painter } from '../io.ts'
import { count } from '../text-table.ts'

export function plainWatcher(io: Io): RunWatcher {
  const paint = painter(io)
  return {
    stepEnded(outcome) {
      const { process, step, state, durationMs, error } = outcome
      const done = paint(state === 'Succeeded' ? 'green' : 'red', state.toLowerCase())
      const why = error === undefined ? '' : `: ${error.code}`
      io.err(`${process}/${step} ${done} in ${showDuration(durationMs)}${resultText(outcome)}${why}\n`)
    },
  }
}

function resultText({ write }: StepOutcome): string {
  if (write === undefined) return ''
  return write.alreadyCommitted === true ? ', done by this run before' : `, ${count(write.rows, 'row')}`
}
