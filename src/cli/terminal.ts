// The real world of a command: streams, terminal, signals.
import { fstatSync, writeSync } from 'node:fs'
import { basename } from 'node:path'
import { EXIT, type Io } from './io.ts'

const USUAL_SCREEN = { rows: 24, columns: 80 } as const

export function processIo(): Io {
  const { env, stdout, stderr } = process
  // Whoever reads our output may have seen enough (loom show … | head): what is left goes nowhere, work goes on.
  stdout.on('error', (thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'EPIPE') outputLost(thrown)
  })
  stderr.on('error', () => {}) // there is nobody left to tell
  const toFile = fstatSync(stdout.fd).isFile()
  const terminal = stderr.isTTY === true && env['TERM'] !== 'dumb'
  return {
    out: (text) => {
      if (toFile) writeWhole(stdout.fd, text)
      else if (stdout.writable) stdout.write(text)
    },
    err: (text) => {
      if (stderr.writable) stderr.write(text)
    },
    liveTerminal: terminal && env['CI'] === undefined,
    colour: coloured(env, terminal && stdout.isTTY === true),
    // a terminal that does not know its size says 0
    screen: () => ({ rows: stderr.rows || USUAL_SCREEN.rows, columns: stderr.columns || USUAL_SCREEN.columns }),
    cwd: process.cwd(),
    program: programOf(process.argv[1]),
    env,
    ...stopSignal(),
  }
}

/** kubectl calls a program `kubectl-loom` for `kubectl loom`; npm makes that a second name of this one. */
const programOf = (path = ''): string => (basename(path) === 'kubectl-loom' ? 'kubectl loom' : 'loom')

/** Node's own stream to a file takes a part for the whole when the disk is full. */
function writeWhole(file: number, text: string): void {
  let rest = Buffer.from(text)
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(file, rest))
  } catch (thrown) {
    outputLost(thrown)
  }
}

function outputLost(thrown: unknown): never {
  const why = thrown instanceof Error && 'code' in thrown ? thrown.code : thrown
  process.stderr.write(`cannot write the output: ${why}; send it somewhere else\n`)
  process.exit(EXIT.failed)
}

/** FORCE_COLOR wins over NO_COLOR, and both over what the terminal looks like. An empty NO_COLOR says nothing. */
function coloured(env: Io['env'], terminal: boolean): boolean {
  const force = env['FORCE_COLOR']
  if (force !== undefined) return force !== '0' && force !== 'false'
  return terminal && (env['NO_COLOR'] ?? '') === ''
}

/** Aborted by the first Ctrl-C or SIGTERM. The second one finds no handler, so that the process ends at once. */
function stopSignal(): Required<Pick<Io, 'signal' | 'handlers'>> {
  const stop = new AbortController()
  const signals = ['SIGINT', 'SIGTERM'] as const
  const letGo = () => {
    for (const signal of signals) process.off(signal, onSignal)
  }
  const takeBack = () => {
    letGo()
    if (stop.signal.aborted) return
    for (const signal of signals) process.on(signal, onSignal)
  }
  const onSignal = () => {
    letGo()
    stop.abort()
  }
  takeBack()
  return { signal: stop.signal, handlers: { letGo, takeBack } }
}
