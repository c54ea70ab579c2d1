// The one table of metrics: of local runs and of the operator, who tell the same things by the same names, labels and words.
// The documentation is made from it.
//
// M1 Labels are bounded: names from manifests, reasons and codes; never a run's name or id.
// M2 `name` is the path of a thing: the pipeline's name, `pipeline/process`, `pipeline/process/step`.

/** How a pipeline, process or step has ended: the label `status`. */
export const ENDINGS = ['success', 'failure', 'cancelled'] as const
export type Ending = (typeof ENDINGS)[number]

export interface Metric {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly unit: string
  readonly help: string
  readonly labels: readonly string[]
  /** Who tells it: only the operator, or local runs as well. */
  readonly by: 'operator' | 'both'
}

export const METRICS = {
  loom_lifecycle_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    help: 'How long attempts of pipelines, processes and steps took.',
    labels: ['scope', 'name', 'status'],
    by: 'both',
  },
  loom_lifecycle_errors_total: {
    type: 'counter',
    unit: 'failures',
    help: 'Failures of pipelines, processes and steps, by kind of fault.',
    labels: ['scope', 'name', 'kind'],
    by: 'both',
  },
  loom_step_rows_total: {
    type: 'counter',
    unit: 'rows',
    help: 'Rows written by steps.',
    labels: ['name'],
    by: 'both',
  },
  loom_step_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes written by steps.',
    labels: ['name'],
    by: 'both',
  },
  loom_step_failures_total: {
    type: 'counter',
    unit: 'failures',
    help: "Failed steps, by the reason in the run's status.",
    labels: ['reason'],
    by: 'operator',
  },
  loom_step_retries_total: {
    type: 'counter',
    unit: 'tries',
    help: 'Further tries of steps within an attempt, by the reason of the disruption.',
    labels: ['reason'],
    by: 'operator',
  },
  loom_runs: { type: 'gauge', unit: 'runs', help: 'Runs by phase.', labels: ['phase'], by: 'operator' },
  loom_queue_depth: {
    type: 'gauge',
    unit: 'runs',
    help: 'Runs that wait to be looked at.',
    labels: [],
    by: 'operator',
  },
  loom_queue_wait_seconds: {
    type: 'histogram',
    unit: 'seconds',
    help: 'How long runs waited to be looked at.',
    labels: [],
    by: 'operator',
  },
  loom_reconcile_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    help: 'How long a look at a run took.',
    labels: ['result'],
    by: 'operator',
  },
  loom_api_requests_total: {
    type: 'counter',
    unit: 'requests',
    help: 'Requests to the Kubernetes API.',
    labels: ['verb', 'resource', 'code'],
    by: 'operator',
  },
  loom_api_request_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    help: 'How long the Kubernetes API took to answer.',
    labels: ['verb', 'resource'],
    by: 'operator',
  },
  loom_watch_objects: {
    type: 'gauge',
    unit: 'objects',
    help: 'Objects in the caches.',
    labels: ['resource'],
    by: 'operator',
  },
  loom_watch_age_seconds: {
    type: 'gauge',
    unit: 'seconds',
    help: 'Seconds since a watch was last heard of.',
    labels: ['resource'],
    by: 'operator',
  },
  loom_watch_restarts_total: {
    type: 'counter',
    unit: 'restarts',
    help: 'Watches and lists that had to be begun anew after trouble.',
    labels: ['code'],
    by: 'operator',
  },
  loom_broker_up: {
    type: 'gauge',
    unit: '',
    help: '1 while the operator is connected to the broker.',
    labels: [],
    by: 'operator',
  },
  loom_dispatch_events_total: {
    type: 'counter',
    unit: 'events',
    help: 'Leases given, renewed, expired, adopted, notAccepted in time, fenced; malformed messages; times reconnected.',
    labels: ['event'],
    by: 'operator',
  },
  loom_dispatch_leases: {
    type: 'gauge',
    unit: 'leases',
    help: 'Steps that workers have now.',
    labels: [],
    by: 'operator',
  },
  loom_dispatch_wait_seconds: {
    type: 'histogram',
    unit: 'seconds',
    help: 'How long steps waited in line for a worker.',
    labels: [],
    by: 'operator',
  },
  loom_pool_backlog: {
    type: 'gauge',
    unit: 'steps',
    help: 'Steps that wait for a worker of the pool.',
    labels: ['namespace', 'pool'],
    by: 'operator',
  },
  loom_pool_workers: {
    type: 'gauge',
    unit: 'workers',
    help: 'Workers of the pool that the operator has heard of, busy or idle.',
    labels: ['namespace', 'pool', 'state'],
    by: 'operator',
  },
  loom_leader: { type: 'gauge', unit: '', help: '1 while this process leads.', labels: [], by: 'operator' },
} as const satisfies Record<string, Metric>

export type MetricName = keyof typeof METRICS
export type MetricOf<T extends Metric['type']> = {
  [N in MetricName]: (typeof METRICS)[N]['type'] extends T ? N : never
}[MetricName]
export type LabelsOf<N extends MetricName> = Record<(typeof METRICS)[N]['labels'][number], string>

/** Upper bounds of the histograms, in seconds. */
export const BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200]
