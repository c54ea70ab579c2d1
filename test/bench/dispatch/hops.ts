// How long a warm worker waits between two steps, by its own clock: real broker, real leases, a real worker with its engine.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Broker,
  DISPATCH_LIMITS,
  decode,
  inboxPrefix,
  openNatsBroker,
  workSchema,
} from '../../../src/dispatch/index.ts'
import { Worker } from '../../../src/pod/worker/worker.ts'
import { startBroker } from '../../cluster/bed/index.ts'
import { PLACE, StepGiver } from './step-giver.ts'

/**
 * Milliseconds from the moment that a worker sends a step's outcome to the moment that it has got the next lease, one for each
 * step but the last.
 */
export async function hops(steps: number): Promise<readonly number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'loom-bench-hops-'))
  await using server = await startBroker()
  const connect = async (name: string) =>
    await openNatsBroker({ servers: [server.url], name, inboxPrefix: inboxPrefix(PLACE), warn: () => {} })
  const [ours, theirs] = [await connect('operator'), await connect('worker')]
  const waits: number[] = []
  const worker = await Worker.start({
    broker: timed(theirs, waits),
    address: PLACE,
    name: 'one',
    workFolder: join(folder, 'work'),
    memoryBytes: undefined,
    stepsPerChild: steps * 2,
    holdMs: DISPATCH_LIMITS.holdMs,
    drainMs: 1_000,
    log: () => {},
  })
  try {
    await new StepGiver(ours, folder, steps).giveAll()
  } finally {
    worker.giveUp()
    await worker.ended
    await Promise.all([ours.close(), theirs.close()])
    rmSync(folder, { recursive: true, force: true })
  }
  return waits
}

function timed(broker: Broker, waits: number[]): Broker {
  let sentAt: number | undefined
  return {
    serve: (...args) => broker.serve(...args),
    listen: (...args) => broker.listen(...args),
    publish: (...args) => broker.publish(...args),
    onState: (hear) => broker.onState(hear),
    close: () => broker.close(),
    async request(subject, data, options) {
      if (subject.endsWith('.outcome')) sentAt = performance.now()
      const answer = await broker.request(subject, data, options)
      if (!subject.endsWith('.ready') || sentAt === undefined) return answer
      const waited = performance.now() - sentAt
      if (decode(workSchema, answer)?.kind === 'lease') waits.push(waited)
      sentAt = undefined
      return answer
    },
  }
}
