// The second thread of busy-code.ts: sees whether the first one is free, and reaches it through the debugger's door, which
// is the only one that is open while JavaScript runs there.
import { Session } from 'node:inspector'
import { workerData } from 'node:worker_threads'
import type { BusyWatch } from './busy-code.ts'

const LOOK_EVERY_MS = 250
/** Seen without a beat so many times running, the thread is taken for busy. */
const BUSY_AFTER = 3

const { beat, expression } = workerData as BusyWatch
let last = -1
let still = 0

setInterval(() => {
  const now = Atomics.load(beat, 0)
  still = now === last ? still + 1 : 0
  last = now
  if (still === BUSY_AFTER) reach()
}, LOOK_EVERY_MS)

function reach(): void {
  const session = new Session()
  session.connectToMainThread()
  session.post('Runtime.evaluate', { expression }, () => session.disconnect())
}
