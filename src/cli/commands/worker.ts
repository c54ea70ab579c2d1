// loom worker: runs the steps that the operator hands out over NATS, one at a time, until it is told to stop.
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { DISPATCH_LIMITS, inboxPrefix, openNatsBroker, parseServers } from '../../dispatch/index.ts'
import { workerConfig } from '../../pod/index.ts'
import type { Arguments } from '../arguments.ts'
import { type Io, UsageError } from '../io.ts'
import { text } from '../run-flags.ts'

export async function workerCommand(options: Arguments['options'], io: Io): Promise<number> {
  const config = readConfig(options, io)
  const servers = parseServers(config.nats)
  const { prefix, namespace, pool, name, work, maxSteps, drainSeconds, memory, natsCredentials } = config
  const logger = pino({ base: { worker: name, pool: `${namespace}/${pool}` } })
  const { Worker } = await import('../../pod/worker/worker.ts')
  const broker = await openNatsBroker({
    servers,
    name: `loom worker ${namespace}/${pool}/${name}`,
    inboxPrefix: inboxPrefix({ prefix, namespace }),
    warn: (message) => logger.warn(message),
    ...(natsCredentials === undefined ? {} : { credentials: natsCredentials }),
  })
  const worker = await Worker.start({
    broker,
    address: { prefix, namespace, pool },
    name,
    workFolder: work,
    memoryBytes: memory,
    stepsPerChild: maxSteps,
    holdMs: DISPATCH_LIMITS.holdMs,
    drainMs: drainSeconds * 1000,
    log: (level, message, fields = {}) => logger[level](fields, message),
  })
  const onStop = () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => worker.giveUp())
    worker.drain()
  }
  if (io.signal.aborted) onStop()
  else io.signal.addEventListener('abort', onStop, { once: true })
  endWithParent()
  const code = await worker.ended
  await broker.close()
  return code
}

/** One that a local run has started ends with it; any other has no such channel. */
function endWithParent(): void {
  if (process.connected === false) process.exit(1)
  process.once('disconnect', () => process.exit(1))
}

function readConfig(options: Arguments['options'], io: Io) {
  const flags = Object.fromEntries(Object.entries(options).map(([name, value]) => [name, text(value)]))
  const config = workerConfig(flags, io.env, { name: hostname(), work: join(tmpdir(), 'loom-worker') })
  if ('problem' in config) throw new UsageError(`cannot start a worker: ${config.problem}`)
  return config
}
