// What people see while a run goes on, always on standard error: a tree that is redrawn in place on a terminal, a line for
// each finished step elsewhere, JSON lines, or nothing.
import { declaredSteps, type Plan } from '../../plan/index.ts'
import type { RunWatcher } from '../../runner/index.ts'
import { type Io, painter } from '../io.ts'
import type { RunFlags } from '../run-flags.ts'
import { LiveTree } from './live.ts'
import { plainWatcher } from './plain.ts'

export interface Progress {
  watcher: RunWatcher
  /** A line of its own, that stays. */
  say: (line: string) => void
  warn: (message: string, fields?: Record<string, unknown>) => void
  stop: () => void
}

export function openProgress(plan: Plan, { name, flags, io }: { name: string; flags: RunFlags; io: Io }): Progress {
  const yellow = (text: string) => painter(io)('yellow', text)
  if (flags.logFormat === 'json') return jsonProgress(io)
  const lines = { warn: warning((line) => io.err(`${line}\n`), yellow), say: (line: string) => io.err(`${line}\n`) }
  if (flags.progress === 'none' || flags.output === 'json') return { ...lines, watcher: {}, stop: () => {} }
  if (flags.progress === 'plain' || !io.liveTerminal) return { ...lines, watcher: plainWatcher(io), stop: () => {} }
  const tree = new LiveTree(declaredSteps(plan), { name, io, now: Date.now })
  const say = (line: string) => tree.say(line)
  return { watcher: tree.watcher, say, warn: warning(say, yellow), stop: () => tree.stop() }
}

function warning(say: (line: string) => void, paint: (text: string) => string): Progress['warn'] {
  return (message, fields = {}) => {
    const { process, step, ...rest } = fields
    const about = typeof step === 'string' ? `step "${String(process)}/${step}": ` : ''
    const more = Object.entries(rest).map(([field, value]) => `; ${field}: ${String(value)}`)
    say(`${paint('warning')}: ${about}${message}${more.join('')}`)
  }
}

/** The events themselves are written by an observer; here are only the words between them. */
function jsonProgress(io: Io): Progress {
  const line = (level: string, msg: string, fields: Record<string, unknown> = {}) =>
    io.err(`${JSON.stringify({ time: new Date().toISOString(), level, msg, ...fields })}\n`)
  return {
    watcher: {},
    say: (text) => line('info', text),
    warn: (message, fields) => line('warn', message, fields),
    stop: () => {},
  }
}
