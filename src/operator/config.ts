// The operator's settings: flags of `loom operator`, each also an environment variable. One table; the help is made of it.
import { asFault, parseDuration } from '../base/index.ts'
import { parseServers } from '../dispatch/index.ts'

export interface OperatorConfig {
  kubeconfig: string | undefined
  /** Namespaces to watch; empty = all. */
  namespace: readonly string[]
  /** Image of step pods when the storage names none. */
  image: string
  leaseNamespace: string
  leaseName: string
  /** Milliseconds that a lease holds which nobody renews. */
  leaseDuration: number
  leaderElect: boolean
  port: number
  host: string
  workers: number
  logLevel: string
  /** Addresses of the broker; undefined: no worker pools. */
  nats: string | undefined
  natsCredentials: string | undefined
  /** The same server as workers reach it. */
  natsForWorkers: string | undefined
  natsPrefix: string
  stepLeaseMs: number
}

export interface OperatorSetting {
  flag: string
  env: string
  default: string
  help: string
}

export const OPERATOR_SETTINGS = {
  kubeconfig: {
    flag: '--kubeconfig <file>',
    env: 'KUBECONFIG',
    default: '',
    help: "kubeconfig; default: the usual places, or the pod's service account",
  },
  namespace: {
    flag: '--namespace <names>',
    env: 'LOOM_NAMESPACE',
    default: '',
    help: 'watch only these namespaces, separated by commas; default: all',
  },
  image: {
    flag: '--image <image>',
    env: 'LOOM_IMAGE',
    default: 'loom-operator:latest',
    help: "image of step pods when a storage names none: the operator's own",
  },
  leaseNamespace: {
    flag: '--lease-namespace <name>',
    env: 'LOOM_LEASE_NAMESPACE',
    default: 'default',
    help: 'namespace of the leader election lease',
  },
  leaseName: {
    flag: '--lease-name <name>',
    env: 'LOOM_LEASE_NAME',
    default: 'loom-operator',
    help: 'name of the leader election lease',
  },
  leaseDuration: {
    flag: '--lease-duration <duration>',
    env: 'LOOM_LEASE_DURATION',
    default: '15s',
    help: 'how long the lease of a leader holds that has died; it is renewed far more often',
  },
  leaderElect: {
    flag: '--leader-elect <yes|no>',
    env: 'LOOM_LEADER_ELECT',
    default: 'yes',
    help: 'take part in leader election',
  },
  port: {
    flag: '--port <port>',
    env: 'LOOM_PORT',
    default: '8080',
    help: 'port of /healthz, /readyz and /metrics; 0 = any',
  },
  host: { flag: '--host <address>', env: 'LOOM_HOST', default: '0.0.0.0', help: 'address to listen on' },
  workers: { flag: '--workers <n>', env: 'LOOM_WORKERS', default: '8', help: 'runs looked at at the same time' },
  nats: {
    flag: '--nats <url>',
    env: 'LOOM_NATS_URL',
    default: '',
    help: 'address of the NATS server, like nats://host:4222; default: none, every step is a Job',
  },
  natsCredentials: {
    flag: '--nats-credentials <path>',
    env: 'LOOM_NATS_CREDENTIALS',
    default: '',
    help: 'folder with nats.creds, username and password, token, ca.crt, tls.crt, tls.key',
  },
  natsForWorkers: {
    flag: '--nats-for-workers <url>',
    env: 'LOOM_NATS_URL_FOR_WORKERS',
    default: '',
    help: "the same server's address as the workers of pools reach it; default: the operator's own",
  },
  natsPrefix: {
    flag: '--nats-prefix <word>',
    env: 'LOOM_NATS_PREFIX',
    default: 'loom',
    help: 'first word of all subjects; two installations on one server need two',
  },
  stepLeaseMs: {
    flag: '--step-lease <duration>',
    env: 'LOOM_STEP_LEASE',
    default: '15s',
    help: 'how long a worker may be silent before its step goes to another',
  },
  logLevel: { flag: '--log-level <level>', env: 'LOOM_LOG_LEVEL', default: 'info', help: 'debug, info, warn or error' },
} as const satisfies Record<keyof OperatorConfig, OperatorSetting>

type Values = { [K in keyof OperatorConfig]?: string | undefined }

/** Flags win over the environment, the environment over defaults. @returns the config, or what is wrong with it */
export function operatorConfig(
  flags: Values,
  env: Record<string, string | undefined>,
): OperatorConfig | { problem: string } {
  const read = (name: keyof OperatorConfig): string =>
    flags[name] ?? env[OPERATOR_SETTINGS[name].env] ?? OPERATOR_SETTINGS[name].default
  const names = (name: keyof OperatorConfig) =>
    read(name)
      .split(',')
      .map((text) => text.trim())
      .filter((text) => text !== '')
  const port = Number(read('port'))
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    return { problem: `--port "${read('port')}" is no port; give a number from 0 to 65535` }
  const workers = Number(read('workers'))
  if (!Number.isInteger(workers) || workers < 1)
    return { problem: `--workers "${read('workers')}" is no number of workers; give 1 or more` }
  const leaseDuration = parseDuration(read('leaseDuration')) ?? 0
  if (leaseDuration < 1000)
    return { problem: `--lease-duration "${read('leaseDuration')}" is no duration of 1s or more; write it like 15s` }
  const elect = read('leaderElect')
  if (elect !== 'yes' && elect !== 'no') return { problem: `--leader-elect "${elect}" is neither yes nor no` }
  const stepLeaseMs = parseDuration(read('stepLeaseMs'))
  if (stepLeaseMs === undefined || stepLeaseMs < 1000)
    return { problem: `--step-lease "${read('stepLeaseMs')}" is no duration of a second or more; write it like 15s` }
  if (!/^[A-Za-z0-9_-]+$/.test(read('natsPrefix')))
    return { problem: `--nats-prefix "${read('natsPrefix')}" is no word of letters, digits, - and _` }
  const broker = brokerProblem(read('nats')) ?? brokerProblem(read('natsForWorkers'))
  if (broker !== undefined) return { problem: broker }
  return {
    // client-node reads KUBECONFIG by itself, as a list of files.
    kubeconfig: flags.kubeconfig,
    namespace: names('namespace'),
    image: read('image'),
    leaseNamespace: read('leaseNamespace'),
    leaseName: read('leaseName'),
    leaseDuration,
    leaderElect: elect === 'yes',
    port,
    host: read('host'),
    workers,
    logLevel: read('logLevel'),
    nats: read('nats') || undefined,
    natsCredentials: read('natsCredentials') || undefined,
    natsForWorkers: read('natsForWorkers') || read('nats') || undefined,
    natsPrefix: read('natsPrefix'),
    stepLeaseMs,
  }
}

/** An address that could be no broker's is told at the start, and not to the first leader. */
function brokerProblem(urls: string): string | undefined {
  try {
    if (urls !== '') parseServers(urls)
    return undefined
  } catch (thrown) {
    return asFault(thrown).message
  }
}
