// One line for each step that has ended, for logs and pipes.
import { showDuration } from '../../base/index.ts'
import type { RunWatcher } from '../../runner/index.ts'
import { type Io, painter } from '../io.ts'
import { number } from '../text-table.ts'

export function plainProgress(io: Io): RunWatcher {
  const paint = painter(io)
  return {
    stepEnded({ process, step, state, write, durationMs, error }) {
      const done = state === 'Succeeded' ? paint('green', 'succeeded') : paint('red', state.toLowerCase())
      const rows =
        write === undefined
          ? ''
          : write.alreadyCommitted === true
            ? ', committed before'
            : `, ${number(write.rows)} rows`
      io.err(
        `${process}/${step} ${done} in ${showDuration(durationMs)}${rows}${error === undefined ? '' : `: ${error.code}`}\n`,
      )
    },
  }
}
