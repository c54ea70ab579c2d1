// The real world of a command: streams, terminal, signals.
import type { Io } from './io.ts'

const USUAL_SCREEN = { rows: 24, columns: 80 } as const

export function processIo(): Io {
  const { env, stdout, stderr } = process
  // Whoever reads our output may have seen enough (loom show … | head): what is left goes nowhere, work goes on.
  for (const stream of [stdout, stderr]) {
    stream.on('error', (thrown: NodeJS.ErrnoException) => {
      if (thrown.code !== 'EPIPE') throw thrown
    })
  }
  const terminal = stderr.isTTY === true && env['TERM'] !== 'dumb'
  return {
    out: (text) => {
      if (stdout.writable) stdout.write(text)
    },
    err: (text) => {
      if (stderr.writable) stderr.write(text)
    },
    liveTerminal: terminal && env['CI'] === undefined,
    colour: coloured(env, terminal && stdout.isTTY === true),
    screen: () => ({ rows: stderr.rows ?? USUAL_SCREEN.rows, columns: stderr.columns ?? USUAL_SCREEN.columns }),
    cwd: process.cwd(),
    env,
    signal: stopSignal(),
  }
}

/** FORCE_COLOR wins over NO_COLOR, and both over what the terminal looks like. An empty NO_COLOR says nothing. */
function coloured(env: Io['env'], terminal: boolean): boolean {
  const force = env['FORCE_COLOR']
  if (force !== undefined) return force !== '0' && force !== 'false'
  return terminal && (env['NO_COLOR'] ?? '') === ''
}

/** Aborted by the first Ctrl-C or SIGTERM. The second one finds no handler, so that the process ends at once. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  const signals = ['SIGINT', 'SIGTERM'] as const
  const onSignal = () => {
    for (const signal of signals) process.off(signal, onSignal)
    stop.abort()
  }
  for (const signal of signals) process.on(signal, onSignal)
  return stop.signal
}
