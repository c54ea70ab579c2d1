// loom step: one step in a pod. The operator makes the call; people use loom run.
import { runStepAgent } from '../../pod/index.ts'
import type { Arguments } from '../arguments.ts'
import { type Io, UsageError } from '../io.ts'
import { count, text } from '../run-flags.ts'

/** As pino counts them. */
const LEVELS = { info: 30, warn: 40 } as const

export async function stepCommand(options: Arguments['options'], io: Io): Promise<number> {
  const needed = (name: string, flag: string): string => {
    const value = text(options[name])
    if (value === undefined)
      throw new UsageError(`cannot run a step: ${flag} is missing; loom step --help lists what is needed`)
    return value
  }
  const bytes = Number(io.env['LOOM_MEMORY_LIMIT'])
  return await runStepAgent({
    planFolder: needed('plan', '--plan'),
    workFolder: needed('work', '--work'),
    process: needed('process', '--process'),
    step: needed('step', '--step'),
    attempt: count(options, 'attempt', 1) ?? 1,
    try: count(options, 'try', 1) ?? 1,
    runId: needed('runId', '--run-id'),
    runUid: needed('runUid', '--run-uid'),
    correlationId: text(options['correlationId']) ?? null,
    lastAttempt: options['lastAttempt'] === true,
    terminationLog: text(options['terminationLog']) ?? '/dev/termination-log',
    memoryBytes: Number.isFinite(bytes) && bytes > 0 ? bytes : undefined,
    signal: io.signal,
    log: (level, message, fields) =>
      io.out(`${JSON.stringify({ ...fields, level: LEVELS[level], time: Date.now(), msg: message })}\n`),
  })
}
