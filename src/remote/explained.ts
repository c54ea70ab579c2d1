// What the API server does not do, told for the people who asked: one line with the way out.
import { Fault, firstLine } from '../base/index.ts'
import { ApiFault } from '../effects/index.ts'

/** Where client-node looks when there is no kubeconfig anywhere. */
const NOWHERE = 'http://localhost:8080'

/** What the API server says of a rule about a whole object, before its message. */
const OF_RULES = '<nil>: Invalid value: "object": '

/** @returns what was thrown, told better if it came from the API server */
export function explained(thrown: unknown, server: string): unknown {
  if (!(thrown instanceof ApiFault)) return thrown
  if (server === NOWHERE && thrown.status === 0) return noKubeconfig(thrown)
  const message = firstLine(thrown.message).replaceAll(OF_RULES, '')
  const way = wayOut(thrown, server)
  return new Fault({
    kind: thrown.status === 404 && thrown.absent === undefined ? 'transient' : thrown.kind,
    code: thrown.code,
    message: way === undefined ? message : `${withoutEnd(message)}; ${way}`,
    cause: thrown,
  })
}

const noKubeconfig = (cause: ApiFault): Fault =>
  new Fault({
    kind: 'invalid',
    code: 'NoKubeconfig',
    message: 'cannot reach a cluster: no kubeconfig was found; name one with --kubeconfig or KUBECONFIG',
    cause,
  })

function wayOut(fault: ApiFault, server: string): string | undefined {
  if (fault.code === 'NoAnswer') return 'check that the cluster runs and that the context is the right one (--context)'
  if (fault.code === 'NoCredentials') return 'log in to the cluster again'
  if (fault.status === 401)
    return 'the cluster does not know your credentials (any more): log in again, or choose another --context'
  if (fault.status === 403) return `ask for a role that allows it, like ${roleFor(fault.message)} of the chart`
  if (fault.status === 404 && fault.absent === undefined)
    return `the cluster at ${server} does not serve loom.etl: install the chart, or the definitions alone with: loom crds | kubectl apply -f -`
  return undefined
}

/** The API server names the verb: `User "x" cannot patch resource …`. */
const roleFor = (message: string): string =>
  / cannot (create|update|patch|delete|deletecollection) /.test(message) ? 'etl-editor' : 'etl-viewer'

const withoutEnd = (message: string): string => message.replace(/[.;]\s*$/, '')
