// Code of a step that never lets go of the thread (a long loop without await) also keeps it from hearing Ctrl-C. A second
// thread notices that, and makes the first one give Ctrl-C back to the system, which ends the process at once, with 130.
// Nothing is half-written then: a run that ends so is one that was killed.
// BC1 The engine's own work is never taken for such code: it runs on other threads.
// BC2 As soon as the thread is free again, Ctrl-C is heard again and stops the run in order.
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Io } from './io.ts'

/** What the second thread calls in the first one, by its name there. */
const LET_GO = 'loom let go of Ctrl-C'
const BEAT_MS = 100

export interface BusyWatch {
  /** Counted up by the first thread as long as it is free. */
  beat: Int32Array
  /** To be evaluated in the first thread once it is busy. */
  expression: string
}

export async function hearingCtrlC<T>(handlers: Io['handlers'], work: () => Promise<T>): Promise<T> {
  if (handlers === undefined) return await work()
  const beat = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  let gone = false
  const letGo = () => {
    handlers.letGo()
    gone = true
  }
  Object.defineProperty(globalThis, LET_GO, { value: letGo, configurable: true })
  const timer = setInterval(() => {
    Atomics.add(beat, 0, 1)
    if (gone) handlers.takeBack()
    gone = false
  }, BEAT_MS)
  const worker = watcher({ beat, expression: `globalThis[${JSON.stringify(LET_GO)}]?.()` })
  try {
    return await work()
  } finally {
    clearInterval(timer)
    await worker.terminate()
    if (gone) handlers.takeBack()
    Reflect.deleteProperty(globalThis, LET_GO)
  }
}

/** Whatever goes wrong in it costs nothing but what it is for. */
function watcher(workerData: BusyWatch): Worker {
  const path = fileURLToPath(
    new URL(import.meta.url.endsWith('.ts') ? './busy-watch.ts' : './busy-watch.js', import.meta.url),
  )
  const worker = new Worker(path, { workerData })
  worker.unref()
  worker.on('error', () => undefined)
  return worker
}
