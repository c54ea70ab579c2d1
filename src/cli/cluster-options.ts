// The options that say which cluster and namespace are meant, as kubectl has them.
import { resolve } from 'node:path'
import { isName } from '../base/index.ts'
import type { ClusterChoice } from '../remote/index.ts'
import type { Arguments, Option } from './arguments.ts'
import { type Io, UsageError } from './io.ts'
import { text } from './run-flags.ts'

export const CLUSTER_OPTIONS: readonly Option[] = [
  ['-n, --namespace <name>', 'namespace. Default: that of the context, else default'],
  ['--context <name>', 'context of the kubeconfig. Default: its current one'],
  [
    '--kubeconfig <file>',
    'which cluster, with which rights. Default: KUBECONFIG, else ~/.kube/config, else the service account of the pod',
  ],
]

/** @throws UsageError for a namespace that can't be one */
export function clusterChoice(options: Arguments['options'], { cwd }: Pick<Io, 'cwd'>): ClusterChoice {
  const [namespace, context, kubeconfig] = [
    text(options['namespace']),
    text(options['context']),
    text(options['kubeconfig']),
  ]
  if (namespace !== undefined && (!isName(namespace) || namespace.includes('_')))
    throw new UsageError(`cannot use namespace "${namespace}": that is no name of one; check it`)
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(context === undefined ? {} : { context }),
    ...(kubeconfig === undefined ? {} : { kubeconfig: resolve(cwd, kubeconfig) }),
  }
}
