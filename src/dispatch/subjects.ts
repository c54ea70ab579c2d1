// The subjects of the dispatch. A worker's credentials need no more than those of its own namespace:
// publish `<prefix>.<namespace>.>`, subscribe `<prefix>.<namespace>.*.worker.>` and `_INBOX.<prefix>.<namespace>.>`.

export interface PoolAddress {
  /** Of the installation: two that share a broker need two. */
  prefix: string
  namespace: string
  pool: string
}

/** As it is called besides subjects. */
export const poolKey = ({ namespace, pool }: PoolAddress): string => `${namespace}/${pool}`

/** What workers ask of the operator; each is a request. */
export const REQUESTS = ['ready', 'heartbeat', 'outcome'] as const
export type RequestName = (typeof REQUESTS)[number]

export const requestSubject = ({ prefix, namespace, pool }: PoolAddress, name: RequestName): string =>
  `${prefix}.${namespace}.${pool}.${name}`

/** What the operator tells one worker by itself: to stop a step. */
export const workerSubject = ({ prefix, namespace, pool }: PoolAddress, worker: string): string =>
  `${prefix}.${namespace}.${pool}.worker.${worker}`

/** What it tells all workers of a pool: no worker is called `@all`. */
export const everyWorkerSubject = (pool: PoolAddress): string => workerSubject(pool, '@all')

/** Where answers to a worker of the namespace arrive. */
export const inboxPrefix = ({ prefix, namespace }: Pick<PoolAddress, 'prefix' | 'namespace'>): string =>
  `_INBOX.${prefix}.${namespace}`

/** All requests of all pools of a namespace; `*`: of all namespaces. */
export const servedSubjects = ({ prefix, namespace }: Pick<PoolAddress, 'prefix' | 'namespace'>): string[] =>
  REQUESTS.map((name) => `${prefix}.${namespace}.*.${name}`)

/** @returns undefined for a subject that is no request of that prefix */
export function parseRequest(subject: string, prefix: string): (PoolAddress & { name: RequestName }) | undefined {
  if (!subject.startsWith(`${prefix}.`)) return undefined
  const [namespace = '', pool = '', last = '', ...rest] = subject.slice(prefix.length + 1).split('.')
  const name = REQUESTS.find((known) => known === last)
  return name === undefined || rest.length > 0 || namespace === '' || pool === ''
    ? undefined
    : { prefix, namespace, pool, name }
}

/** Answers go to the asker's namespace only: else a client could have the operator speak where it may not itself. */
export const mayAnswerAt = (subject: string, reply: string): boolean =>
  reply.startsWith(`_INBOX.${subject.split('.').slice(0, 2).join('.')}.`)
