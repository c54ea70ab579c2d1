// The commands that run on a cluster: the operator, and what it starts in pods.
import type { Command } from './command.ts'

export const CLUSTER_COMMANDS: readonly Command[] = [
  {
    name: 'operator',
    args: '',
    description: 'run the controller on Kubernetes',
    options: [],
    examples: ['loom operator --namespace etl --port 8080'],
    run: async (_args, options, io) => (await import('./commands/operator.ts')).operatorCommand(options, io),
  },
  {
    name: 'worker',
    args: '',
    description: 'run steps that the operator hands out over NATS; the pods of an ETLWorkerPool call this',
    options: [],
    examples: ['loom worker --nats nats://localhost:4222 --namespace etl --pool warm'],
    run: async (_args, options, io) => (await import('./commands/worker.ts')).workerCommand(options, io),
  },
  {
    name: 'step',
    args: '',
    description: 'run one step inside a pod; the operator calls this',
    options: [
      ['--plan <folder>', 'folder with plan.json and binding.json'],
      ['--work <folder>', 'scratch folder'],
      ['--process <name>', 'process of the step'],
      ['--step <name>', 'the step'],
      ['--attempt <n>', 'attempt of the run'],
      ['--try <n>', 'try within the attempt'],
      ['--run-id <id>', 'id of the run'],
      ['--run-uid <uid>', 'uid of the ETLRun'],
      ['--correlation-id <id>', 'business id'],
      ['--last-attempt', 'no further attempt follows'],
      ['--termination-log <file>', 'where the outcome is written. Default /dev/termination-log'],
    ],
    examples: [
      'loom step --plan=/etc/loom/plan --process=ingest --step=raw_flights --attempt=1 --try=1 --run-id=r --run-uid=u',
    ],
    run: async (_args, options, io) => (await import('./commands/step.ts')).stepCommand(options, io),
  },
]
