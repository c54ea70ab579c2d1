// How a worker's pod tells `loom worker` what it needs to know: the operator writes these variables, the worker reads them.

export const WORKER_ENV = {
  /** Addresses of the broker, with commas between them. */
  natsUrl: 'LOOM_NATS_URL',
  /** What the subjects of the installation begin with. */
  natsPrefix: 'LOOM_NATS_PREFIX',
  /** Folder with the credentials for the broker: the keys of a Secret as files. Absent: none are needed. */
  natsCredentials: 'LOOM_NATS_CREDENTIALS',
  namespace: 'LOOM_NAMESPACE',
  pool: 'LOOM_POOL',
  /** The worker's name: its pod's. */
  worker: 'LOOM_WORKER',
  /** A folder for spilled data and the like. */
  work: 'LOOM_WORK',
  /** The engine's process is replaced after so many steps. */
  maxSteps: 'LOOM_MAX_STEPS',
  /** How long a step may still take once the worker was told to stop, in seconds. */
  drainSeconds: 'LOOM_DRAIN_SECONDS',
  /** The container's memory limit in bytes. */
  memory: 'LOOM_MEMORY_LIMIT',
} as const
