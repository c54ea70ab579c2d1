// The commands that look at runs on a cluster and steer them, with the rights of whoever calls them.

import type { Order } from '../remote/index.ts'
import type { Arguments } from './arguments.ts'
import { CLUSTER_OPTIONS, clusterChoice } from './cluster-options.ts'
import type { Command } from './command.ts'
import { type Io, UsageError } from './io.ts'
import { count, oneOf } from './run-flags.ts'

const OUTPUT = ['text', 'json'] as const
const PROGRESS = ['auto', 'plain', 'none'] as const

const order = (name: Order, description: string): Command => ({
  name,
  args: '<runs...>',
  description,
  options: CLUSTER_OPTIONS,
  examples: [`loom ${name} flights-2013-01`, `loom ${name} flights-2013-01 flights-2013-02 -n etl`],
  run: async (args, options, io) =>
    (await import('./commands/orders.ts')).orderCommand(name, args, { cluster: clusterChoice(options, io), io }),
})

export const REMOTE_COMMANDS: readonly Command[] = [
  {
    name: 'status',
    args: '<run>',
    description: 'show a run on Kubernetes; with -w until it has ended',
    options: [
      ['-w, --watch', 'show it until it has ended, and exit with its code'],
      ['--output <text|json>', 'json prints what is known of the run and nothing else. Default text'],
      ['--progress <auto|plain|none>', 'auto draws on a terminal, plain prints lines. Default auto'],
      ...CLUSTER_OPTIONS,
    ],
    examples: [
      'loom status flights-2013-01',
      'loom status flights-2013-01 -w -n etl',
      'loom status flights-2013-01 --output json',
    ],
    run: async (args, options, io) => {
      const [name] = words(args, { most: 1, what: 'a run', example: 'loom status flights-2013-01' })
      const flags = { ...watching(options, io), watch: options['watch'] === true }
      return (await import('./commands/status.ts')).statusCommand(name, flags, io)
    },
  },
  {
    name: 'logs',
    args: '<run> [step]',
    description: 'show what the steps of a run on Kubernetes have said',
    options: [
      ['-f, --follow', 'go on until the run has ended'],
      ['--tail <n>', 'only so many of the last lines of each pod'],
      ['--raw', 'the lines as they are in the pods, without the names of the steps'],
      ...CLUSTER_OPTIONS,
    ],
    examples: [
      'loom logs flights-2013-01 -f',
      'loom logs flights-2013-01 raw_flights --tail 20',
      'loom logs flights-2013-01 marts/route_stats --raw -n etl',
    ],
    run: async (args, options, io) => {
      const [name, word] = words(args, { most: 2, what: 'a run', example: 'loom logs flights-2013-01 raw_flights' })
      const tail = count(options, 'tail', 1)
      const flags = {
        cluster: clusterChoice(options, io),
        follow: options['follow'] === true,
        raw: options['raw'] === true,
        ...(tail === undefined ? {} : { tail }),
      }
      return (await import('./commands/logs.ts')).logsCommand({ name, word }, flags, io)
    },
  },
  order('cancel', 'stop runs on Kubernetes for good'),
  order('suspend', 'let runs on Kubernetes start nothing new; running steps are left to finish'),
  order('resume', 'let suspended runs on Kubernetes go on'),
  order('retry', 'let failed or cancelled runs on Kubernetes go on: what has not succeeded is run again'),
]

const watching = (options: Arguments['options'], io: Io) => ({
  cluster: clusterChoice(options, io),
  output: oneOf(options, 'output', OUTPUT) ?? 'text',
  progress: oneOf(options, 'progress', PROGRESS) ?? 'auto',
})

/** @throws UsageError for too few or too many */
function words(
  args: readonly string[],
  { most, what, example }: { most: number; what: string; example: string },
): [string, ...string[]] {
  const [first, ...rest] = args
  if (first === undefined) throw new UsageError(`cannot go on: ${what} is missing; for example: ${example}`)
  const over = args[most]
  if (over !== undefined)
    throw new UsageError(`cannot use "${over}": it is one argument too many; for example: ${example}`)
  return [first, ...rest]
}
