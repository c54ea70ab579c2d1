// Which cluster is meant, by the rules of kubectl: a given file, else those of KUBECONFIG, else ~/.kube/config, else the
// service account of the pod. client-node reads them and knows every way to authenticate.
import { KubeConfig } from '@kubernetes/client-node'
import { didYouMean, Fault, firstLine } from '../../base/index.ts'

export interface KubeconfigChoice {
  /** The file; absent: as kubectl finds it. */
  kubeconfig?: string
  /** A context of it; absent: its current one. */
  context?: string
}

/** @throws Fault invalid KubeconfigUnreadable, UnknownContext */
export function loadKubeconfig({ kubeconfig, context }: KubeconfigChoice): KubeConfig {
  const config = new KubeConfig()
  try {
    if (kubeconfig === undefined) config.loadFromDefault()
    else config.loadFromFile(kubeconfig)
  } catch (cause) {
    throw unreadable(kubeconfig, cause)
  }
  if (context !== undefined) choose(config, context)
  if (!config.getCurrentCluster())
    throw unreadable(kubeconfig, new Error(`its context "${config.getCurrentContext() ?? ''}" leads to no cluster`))
  return config
}

function choose(config: KubeConfig, context: string): void {
  const known = config.getContexts().map(({ name }) => name)
  if (!known.includes(context)) {
    const near = didYouMean(context, known)
    const all = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`
    throw new Fault({
      kind: 'invalid',
      code: 'UnknownContext',
      message: `cannot use context "${context}": the kubeconfig has none of that name${near}; ${all}`,
    })
  }
  config.setCurrentContext(context)
}

function unreadable(kubeconfig: string | undefined, cause: unknown): Fault {
  const why = firstLine(cause instanceof Error ? cause.message : String(cause))
  return new Fault({
    kind: 'invalid',
    code: 'KubeconfigUnreadable',
    message: `cannot read the kubeconfig${kubeconfig === undefined ? '' : ` "${kubeconfig}"`}: ${why}; give another with --kubeconfig or KUBECONFIG`,
    cause,
  })
}
