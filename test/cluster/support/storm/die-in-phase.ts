// Loaded before a worker and its engine processes (`node --import`). Whoever first reaches a phase for which a file lies in
// /control takes the file, which says whose it is now, and hangs for ever: whoever put it there kills the pod.
//
//   read    the engine's process has the step and has read nothing yet
//   query   a little later
//   commit  the step is done, its commit is in the log, and nobody knows
//   told    the outcome has left the worker, and nobody has acknowledged it
//   engine  as `query`; but the engine's process kills itself, and the worker lives
import fs from 'node:fs'
import net from 'node:net'

const CONTROL = '/control'
const worker = process.env['LOOM_WORKER'] ?? 'nobody'

function isMine(phase: string): boolean {
  try {
    fs.renameSync(`${CONTROL}/${phase}`, `${CONTROL}/${phase}.of.${worker}`)
    return true
  } catch {
    return false
  }
}

function hangIn(phase: string): void {
  if (isMine(phase)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

function inEngine(send: NonNullable<typeof process.send>): void {
  let timer: NodeJS.Timeout | undefined
  process.prependListener('message', (message: unknown) => {
    if ((message as { kind?: string }).kind !== 'run') return
    hangIn('read')
    timer = setTimeout(() => {
      hangIn('query')
      if (isMine('engine')) process.kill(process.pid, 'SIGKILL')
    }, 30)
  })
  process.send = (message: { kind?: string }, ...more: unknown[]) => {
    if (message.kind === 'outcome') {
      clearTimeout(timer)
      hangIn('commit')
    }
    return Reflect.apply(send, process, [message, ...more])
  }
}

function inWorker(): void {
  const { write } = net.Socket.prototype
  net.Socket.prototype.write = function (this: net.Socket, ...args: unknown[]) {
    const written = Reflect.apply(write, this, args)
    const [data] = args
    if (data instanceof Uint8Array && Buffer.from(data).includes('.outcome _INBOX')) hangIn('told')
    return written
  } as typeof write
}

if (process.send === undefined) inWorker()
else inEngine(process.send)
