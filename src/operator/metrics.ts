// The operator's metrics, as its process counts them: all of the one table.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { BUCKETS, type LabelsOf, METRICS, type MetricName, type MetricOf } from '../observability/index.ts'

export class OperatorMetrics {
  readonly #registry = new Registry()
  readonly #made = new Map<MetricName, Counter | Gauge | Histogram>()

  constructor() {
    for (const [name, { type, help, labels }] of Object.entries(METRICS)) {
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

  count<N extends MetricOf<'counter'>>(name: N, labels: LabelsOf<N>, by = 1): void {
    const metric = this.#made.get(name)
    if (metric instanceof Counter) metric.inc(labels, by)
  }

  set<N extends MetricOf<'gauge'>>(name: N, labels: LabelsOf<N>, value: number): void {
    const metric = this.#made.get(name)
    if (metric instanceof Gauge) metric.set(labels, value)
  }

  observe<N extends MetricOf<'histogram'>>(name: N, labels: LabelsOf<N>, seconds: number): void {
    const metric = this.#made.get(name)
    if (metric instanceof Histogram) metric.observe(labels, seconds)
  }

  /** The text that Prometheus scrapes. */
  async text(): Promise<string> {
    return await this.#registry.metrics()
  }
}
