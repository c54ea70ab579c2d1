// What `make dev` prints when everything works: what is there, and what to type next.

export interface Welcome {
  readonly kubeconfig: string
  /** File with the ETLStorage that is applied. */
  readonly storage: string
  readonly metricsPort: number
  readonly logFile: string
  readonly hasKubectl: boolean
}

export const APPLY = 'kubectl apply -f examples/flights/pipeline.yaml -f examples/flights/run-month.yaml'
export const SHOW = 'npx loom show marts.carrier_delays --limit 5 --storage'

export function welcome({ kubeconfig, storage, metricsPort, logFile, hasKubectl }: Welcome): string {
  const kubectl = hasKubectl
    ? ''
    : '\n\nThere is no kubectl on the PATH: install it first (https://kubernetes.io/docs/tasks/tools), one of version 1.33 or newer.'
  return `
It works: a Kubernetes, a node that runs pods as processes of this machine, and the operator. In another terminal, in this folder:${kubectl}

  export KUBECONFIG=${kubeconfig}
  ${APPLY}
  kubectl get etlr -w
  ${SHOW} ${storage}

A storage named "default" is there (kubectl get etls). Metrics: http://127.0.0.1:${metricsPort}/metrics. The operator's log follows,
shortened; whole it is in ${logFile}. Ctrl-C ends everything and leaves nothing, tables included.
`
}
