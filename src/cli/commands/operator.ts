// loom operator: the controller, with the real clock, chance and identity.
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { operatorConfig, runOperator } from '../../operator/index.ts'
import type { Arguments } from '../arguments.ts'
import { type Io, UsageError } from '../io.ts'
import { text } from '../run-flags.ts'

export async function operatorCommand(options: Arguments['options'], io: Io): Promise<number> {
  const flags = Object.fromEntries(Object.entries(options).map(([name]) => [name, text(options[name])]))
  const config = operatorConfig(flags, io.env)
  if ('problem' in config) throw new UsageError(`cannot start the operator: ${config.problem}`)
  // An operator waits more than it computes: V8 gives back what it would keep for speed, two fifths of the process.
  setFlagsFromString('--optimize-for-size')
  const world = {
    now: Date.now,
    monotonic: () => performance.now(),
    random: Math.random,
    newId: randomUUID,
    identity: `${hostname()}-${randomUUID().slice(0, 8)}`,
  }
  return await runOperator(config, world, io.signal)
}
