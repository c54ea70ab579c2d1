// The operator's metrics: one table of names, helps, units and labels. Labels are bounded: never a run's name or id.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** Every metric that the operator exposes; the documentation is made from this. */
export const OPERATOR_METRICS = {
  loom_runs: { type: 'gauge', help: 'Runs by phase.', labels: ['phase'] },
  loom_lifecycle_duration_seconds: {
    type: 'histogram',
    help: 'How long runs and steps took.',
    labels: ['scope', 'name', 'status'],
  },
  loom_lifecycle_errors_total: {
    type: 'counter',
    help: 'Failures of runs and steps, by reason.',
    labels: ['scope', 'name', 'kind'],
  },
  loom_step_rows_total: { type: 'counter', help: 'Rows written by steps.', labels: ['pipeline'] },
  loom_step_bytes_total: { type: 'counter', help: 'Bytes written by steps.', labels: ['pipeline'] },
  loom_step_retries_total: { type: 'counter', help: 'Further tries of steps, by reason.', labels: ['reason'] },
  loom_queue_depth: { type: 'gauge', help: 'Runs that wait to be looked at.', labels: [] },
  loom_queue_wait_seconds: { type: 'histogram', help: 'How long runs waited to be looked at.', labels: [] },
  loom_reconcile_duration_seconds: { type: 'histogram', help: 'How long a look at a run took.', labels: ['result'] },
  loom_api_requests_total: {
    type: 'counter',
    help: 'Requests to the Kubernetes API.',
    labels: ['verb', 'resource', 'code'],
  },
  loom_api_request_duration_seconds: {
    type: 'histogram',
    help: 'How long the Kubernetes API took to answer.',
    labels: ['verb', 'resource'],
  },
  loom_watch_objects: { type: 'gauge', help: 'Objects in the caches.', labels: ['resource'] },
  loom_watch_age_seconds: { type: 'gauge', help: 'Seconds since a watch was last heard of.', labels: ['resource'] },
  loom_watch_restarts_total: {
    type: 'counter',
    help: 'Watches and lists that had to be begun anew after trouble.',
    labels: ['code'],
  },
  loom_broker_up: { type: 'gauge', help: '1 while the operator is connected to the broker.', labels: [] },
  loom_dispatch_events_total: {
    type: 'counter',
    help: 'Leases given, renewed, expired, adopted, not accepted in time, fenced; malformed messages; reconnects.',
    labels: ['event'],
  },
  loom_dispatch_leases: { type: 'gauge', help: 'Steps that workers have now.', labels: [] },
  loom_dispatch_wait_seconds: {
    type: 'histogram',
    help: 'How long steps waited for a worker.',
    labels: [],
  },
  loom_pool_backlog: {
    type: 'gauge',
    help: 'Steps that wait for a worker of the pool.',
    labels: ['namespace', 'pool'],
  },
  loom_pool_workers: {
    type: 'gauge',
    help: 'Workers of the pool that the operator has heard of.',
    labels: ['namespace', 'pool', 'state'],
  },
  loom_leader: { type: 'gauge', help: '1 while this process leads.', labels: [] },
} as const

export type MetricName = keyof typeof OPERATOR_METRICS
type NamesOf<T extends string> = {
  [N in MetricName]: (typeof OPERATOR_METRICS)[N]['type'] extends T ? N : never
}[MetricName]
type LabelsOf<N extends MetricName> = Record<(typeof OPERATOR_METRICS)[N]['labels'][number], string>

const BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200]

export class OperatorMetrics {
  readonly #registry = new Registry()
  readonly #made = new Map<MetricName, Counter | Gauge | Histogram>()

  constructor() {
    for (const [name, { type, help, labels }] of Object.entries(OPERATOR_METRICS)) {
      const config = { name, help, labelNames: [...labels], registers: [this.#registry] }
      const metric =
        type === 'counter'
          ? new Counter(config)
          : type === 'gauge'
            ? new Gauge(config)
            : new Histogram({ ...config, buckets: BUCKETS })
      this.#made.set(name as MetricName, metric)
    }
    collectDefaultMetrics({ register: this.#registry })
  }

  count<N extends NamesOf<'counter'>>(name: N, labels: LabelsOf<N>, by = 1): void {
    const metric = this.#made.get(name)
    if (metric instanceof Counter) metric.inc(labels, by)
  }

  set<N extends NamesOf<'gauge'>>(name: N, labels: LabelsOf<N>, value: number): void {
    const metric = this.#made.get(name)
    if (metric instanceof Gauge) metric.set(labels, value)
  }

  observe<N extends NamesOf<'histogram'>>(name: N, labels: LabelsOf<N>, seconds: number): void {
    const metric = this.#made.get(name)
    if (metric instanceof Histogram) metric.observe(labels, seconds)
  }

  /** The text that Prometheus scrapes. */
  async text(): Promise<string> {
    return await this.#registry.metrics()
  }
}
