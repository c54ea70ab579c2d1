// The settings of `loom worker`: each an option and an environment variable. One table; help and docs are made of it.
import { WORKER_ENV } from '../../plan/index.ts'

export interface WorkerConfig {
  /** Addresses as they were given. */
  nats: string
  natsCredentials: string | undefined
  prefix: string
  namespace: string
  pool: string
  name: string
  work: string
  maxSteps: number
  drainSeconds: number
  /** Bytes; undefined: as much as the machine, or the container, has. */
  memory: number | undefined
}

export interface WorkerSetting {
  flag: string
  env: string
  default: string
  help: string
}

export const WORKER_SETTINGS = {
  nats: {
    flag: '--nats <urls>',
    env: WORKER_ENV.natsUrl,
    default: '',
    help: 'the broker: nats:// or tls://, several with commas between them',
  },
  natsCredentials: {
    flag: '--nats-credentials <path>',
    env: WORKER_ENV.natsCredentials,
    default: '',
    help: 'a folder with nats.creds, username and password, or token; ca.crt, tls.crt and tls.key; or a .creds file',
  },
  prefix: {
    flag: '--prefix <word>',
    env: WORKER_ENV.natsPrefix,
    default: 'loom',
    help: 'what the subjects of the installation begin with',
  },
  namespace: {
    flag: '--namespace <name>',
    env: WORKER_ENV.namespace,
    default: 'default',
    help: 'namespace of the pool',
  },
  pool: { flag: '--pool <name>', env: WORKER_ENV.pool, default: '', help: 'the ETLWorkerPool to work for' },
  name: {
    flag: '--name <word>',
    env: WORKER_ENV.worker,
    default: '',
    help: "the worker's own name, one of its kind in the pool; default: the host's",
  },
  work: {
    flag: '--work <folder>',
    env: WORKER_ENV.work,
    default: '',
    help: 'scratch folder; default: a temporary one',
  },
  maxSteps: {
    flag: '--max-steps <n>',
    env: WORKER_ENV.maxSteps,
    default: '200',
    help: "steps after which the engine's process is replaced",
  },
  drainSeconds: {
    flag: '--drain-seconds <n>',
    env: WORKER_ENV.drainSeconds,
    default: '25',
    help: 'after SIGTERM, how long the running step may still take; then it is stopped, and that is told',
  },
  memory: {
    flag: '--memory <bytes>',
    env: WORKER_ENV.memory,
    default: '',
    help: 'memory of the container; the engine gets 55 %. Default: what there is',
  },
} as const satisfies Record<keyof WorkerConfig, WorkerSetting>

type Setting = keyof WorkerConfig

/** One word of a subject: neither dots nor wildcards. */
const WORD = /^[A-Za-z0-9_-]{1,128}$/

/** Flags win over the environment, the environment over defaults. @returns the config, or what is wrong with it */
export function workerConfig(
  flags: { [K in Setting]?: string | undefined },
  env: Record<string, string | undefined>,
  host: { name: string; work: string },
): WorkerConfig | { problem: string } {
  const read = (name: Setting) => flags[name] ?? env[WORKER_SETTINGS[name].env] ?? WORKER_SETTINGS[name].default
  const optional = (name: Setting) => (read(name) === '' ? undefined : read(name))
  const name = optional('name') ?? host.name.replaceAll('.', '-')
  const missing = (['nats', 'pool'] as const).find((needed) => read(needed) === '')
  if (missing !== undefined)
    return { problem: `${flagOf(missing)} is missing; give it, or set ${WORKER_SETTINGS[missing].env}` }
  for (const [setting, value] of Object.entries({ ...wordsOf(read), name }) as [Setting, string][])
    if (!WORD.test(value))
      return { problem: `${flagOf(setting)} "${value}" is not one word of letters, digits, "-" and "_"` }
  for (const [setting, least] of [
    ['maxSteps', 1],
    ['drainSeconds', 0],
    ['memory', 1],
  ] as const)
    if (read(setting) !== '' && !(Number.isSafeInteger(Number(read(setting))) && Number(read(setting)) >= least))
      return { problem: `${flagOf(setting)} "${read(setting)}" is no whole number from ${least} on` }
  return {
    ...wordsOf(read),
    name,
    nats: read('nats'),
    natsCredentials: optional('natsCredentials'),
    work: optional('work') ?? host.work,
    maxSteps: Number(read('maxSteps')),
    drainSeconds: Number(read('drainSeconds')),
    memory: read('memory') === '' ? undefined : Number(read('memory')),
  }
}

const wordsOf = (read: (name: Setting) => string) => ({
  prefix: read('prefix'),
  namespace: read('namespace'),
  pool: read('pool'),
})

const flagOf = (setting: Setting): string => WORKER_SETTINGS[setting].flag.split(' ')[0] ?? setting
