// What the leader knows of a pool's work, and how it keeps workers from getting more: all that autoscaling needs of the
// dispatch.

export interface PoolLoad {
  /** Steps that wait for a worker. */
  backlog: number
  /** Names of the workers that have a step. */
  busy: string[]
  /** Names of the workers that wait for one. */
  idle: string[]
}

export interface PoolLoads {
  /** @param pool `namespace/name` */
  loadOf(pool: string): PoolLoad
  /** These workers get no more steps; replaces what was said before. */
  drain(pool: string, workers: ReadonlySet<string>): void
}
