// What the operator logs when a run's status changes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import type { RunStatus, StepStatus } from '../../src/manifest/index.ts'
import { logTransition } from '../../src/operator/run-log.ts'
import type { RunObject } from '../../src/reconcile/index.ts'

const step = (state: StepStatus['state'], number = 1): StepStatus => ({
  process: 'load',
  step: 'raw',
  state,
  attempt: 1,
  try: number,
})

/** The lines of a run's life, each as its message, the try, and the state or the run's reason. */
function logged(statuses: readonly RunStatus[]): string[] {
  const lines: string[] = []
  const log = pino(
    {},
    {
      write(line) {
        const { msg, try: number = '', state, reason } = JSON.parse(line)
        lines.push(`${msg} ${number} ${state ?? reason}`)
      },
    },
  )
  const times = { generation: 1, resourceVersion: '1', createdAt: 0 }
  let run: RunObject = {
    metadata: { name: 'r', namespace: 'etl', uid: 'u', finalizers: [], ...times },
    spec: {},
    status: {},
  }
  for (const status of statuses) {
    logTransition(log, run, status)
    run = { ...run, status }
  }
  return lines
}

test('a step is logged when it has ended, not while it waits in line or begins again', () => {
  const running = { phase: 'Running', reason: 'Running', attempt: 1 } as const
  assert.deepEqual(
    logged([
      { ...running, reason: 'Started', steps: [step('Queued')] },
      { ...running, steps: [step('Running')] },
      { ...running, steps: [step('Queued', 2)] },
      { ...running, phase: 'Succeeded', reason: 'Succeeded', steps: [step('Succeeded', 2)] },
    ]),
    ['run changed  Started', 'run changed  Running', 'step ended 2 Succeeded', 'run changed  Succeeded'],
  )
})
