// Attempts of one run work with the same temps: they are kept as long as another attempt follows.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FaultKind } from '../../src/base/index.ts'
import { runAttempts } from '../../src/cli/attempts.ts'
import type { RunReport } from '../../src/plan/index.ts'

function failed(kind: FaultKind): RunReport {
  const error = { kind, code: 'X', message: 'x' }
  const step = { process: 'p', step: 's', state: 'Failed', durationMs: 1, error } as const
  const ids = { pipeline: 'p', runId: 'r', correlationId: null, attempt: 1, planHash: 'sha256:0' }
  const times = { startedAt: '2013-01-01T00:00:00.000Z', durationMs: 1 }
  return { ...ids, ...times, state: 'Failed', steps: [step], error: { ...error, process: 'p', step: 's' } }
}

/** @returns for each attempt that was made, whether its temps were to be kept */
async function keptIn(reports: readonly RunReport[], limit: number, signal: AbortSignal): Promise<boolean[]> {
  const kept: boolean[] = []
  await runAttempts({
    run: { runId: 'r', correlationId: null },
    first: 1,
    limit,
    lastAttempt: false,
    backoff: { initial: '1ms', max: '1ms' },
    timeout: undefined,
    signal,
    attempt: async (_run, { keepRunTemps }) => {
      const report = reports[kept.length] ?? failed('defect')
      kept.push(keepRunTemps(report))
      return report
    },
    say: () => undefined,
  })
  return kept
}

test('temps of a run are kept for the attempt that follows, and after the last one they are not', async () => {
  const never = new AbortController().signal
  const [passing, lasting] = [failed('transient'), failed('invalid')]
  const succeeded: RunReport = { ...passing, state: 'Succeeded', steps: [] }
  assert.deepEqual(await keptIn([passing, passing, passing], 2, never), [true, true, false])
  assert.deepEqual(await keptIn([passing, succeeded], 2, never), [true, false])
  assert.deepEqual(await keptIn([lasting], 2, never), [false])
  assert.deepEqual(await keptIn([passing], 2, AbortSignal.abort()), [false])
})
