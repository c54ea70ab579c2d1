// `loom run`: on this machine, or with --remote on a cluster; which options belong to which.
import type { Arguments, Option } from './arguments.ts'
import { CLUSTER_OPTIONS, clusterChoice } from './cluster-options.ts'
import type { Command } from './command.ts'
import { type Io, UsageError } from './io.ts'
import { runFlags } from './run-flags.ts'

const LOCAL: readonly Option[] = [
  ['--attempt <n>', 'number of the first attempt. Default 1'],
  ['--last-attempt', 'no further attempt follows'],
  ['--parallel <n>', 'steps at the same time. Default: the number of CPUs'],
  ['--memory <size>', 'memory of one step, like 2GB'],
  ['--threads <n>', 'threads of one step'],
  ['--workers <n>', 'run the steps in so many worker processes, over a NATS server'],
  [
    '--nats <url>',
    'NATS server for the workers, like nats://host:4222. Default: one is started, if nats-server is on the PATH',
  ],
  ['--nats-credentials <path>', 'folder or file with credentials for it'],
  ['--metrics-file <file>', 'write Prometheus metrics there when the run ends'],
  ['--log-format <text|json>', 'json writes a JSON line for each event to standard error. Default text'],
  ['--dry-run', 'show what would be done'],
]

const REMOTE: readonly Option[] = [
  ['--detach', 'with --remote: end as soon as the cluster has the run'],
  ['--force-conflicts', 'with --remote: take over fields that others have written'],
  ...CLUSTER_OPTIONS.map(([flag, what]): Option => [flag, `with --remote: ${what}`]),
]

/** @param whatToRun options that say what to run, `storage` among them */
export const runCommandOf = (whatToRun: readonly Option[], storage: Option): Command => ({
  name: 'run',
  args: '[...runs]',
  description: 'run pipelines on this machine, or with --remote on Kubernetes',
  options: [
    ...whatToRun,
    ['--run-id <id>', 'id of the run; one that is used again resumes. Default: a UUID'],
    ['--retries <n>', 'further attempts after faults that may pass'],
    ['--output <text|json>', 'json prints the report of the run and nothing else. Default text'],
    ['--progress <auto|plain|none>', 'auto draws on a terminal, plain prints lines. Default auto'],
    ...LOCAL,
    ['--remote', 'run on Kubernetes: apply the runs and their pipelines, and follow them there'],
    ...REMOTE,
  ],
  examples: [
    'loom run flights-2013 -f examples/flights',
    'loom run -f pipeline.yaml --param month=2013-01-01 --include raw_flights,marts',
    'loom run flights-2013 -f examples/flights --workers 4',
    'loom run flights-2013-01 -f examples/flights --remote -n etl',
  ],
  run: async (args, options, io) => {
    if (options['remote'] !== true) {
      refuse(options, REMOTE, 'it is about a run on Kubernetes; add --remote')
      return (await import('./commands/run.ts')).runCommand(args, runFlags(options), io)
    }
    refuse(
      options,
      [...LOCAL, storage],
      'it is about a run on this machine, and --remote runs on Kubernetes; leave it out',
    )
    return (await import('./commands/run-remote.ts')).runRemotely(args, remoteFlags(options, io), io)
  },
})

const remoteFlags = (options: Arguments['options'], io: Io) => ({
  ...runFlags(options),
  cluster: clusterChoice(options, io),
  detach: options['detach'] === true,
  forceConflicts: options['forceConflicts'] === true,
})

/** @throws UsageError for the first of these options that is given */
function refuse(options: Arguments['options'], these: readonly Option[], why: string): void {
  for (const [flag] of these) {
    const name = /--([a-z-]+)/.exec(flag)?.[1] ?? ''
    const key = name.replace(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase())
    if (options[key] !== undefined) throw new UsageError(`cannot use --${name}: ${why}`)
  }
}
