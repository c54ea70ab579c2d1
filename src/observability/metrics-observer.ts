// Lifecycle metrics of a local run, in Prometheus' text format, for a node exporter's text file collector or a push.
import { rename, writeFile } from 'node:fs/promises'
import { Counter, Histogram, Registry } from 'prom-client'
import type { Observer } from './events.ts'

/** The metrics of the step side; the documentation is made from this. Labels are names from manifests, never ids. */
export const RUN_METRICS = {
  loom_lifecycle_duration_seconds: {
    type: 'histogram',
    help: 'How long pipelines, processes and steps took.',
    labels: ['scope', 'name', 'status'],
  },
  loom_lifecycle_errors_total: {
    type: 'counter',
    help: 'Failures of pipelines, processes and steps, by kind of fault.',
    labels: ['scope', 'name', 'kind'],
  },
  loom_step_rows_total: { type: 'counter', help: 'Rows written by steps.', labels: ['name'] },
  loom_step_bytes_total: { type: 'counter', help: 'Bytes written by steps.', labels: ['name'] },
} as const

const BUCKETS = [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200]

/** Writes the file anew, whole, at each flush. */
export function metricsFileObserver(path: string): Observer {
  const registry = new Registry()
  const config = (name: keyof typeof RUN_METRICS) => ({
    name,
    help: RUN_METRICS[name].help,
    labelNames: [...RUN_METRICS[name].labels],
    registers: [registry],
  })
  const duration = new Histogram({ ...config('loom_lifecycle_duration_seconds'), buckets: BUCKETS })
  const errors = new Counter(config('loom_lifecycle_errors_total'))
  const rows = new Counter(config('loom_step_rows_total'))
  const bytes = new Counter(config('loom_step_bytes_total'))
  return {
    onEvent({ kind, scope, name, status = '', durationMs = 0, error, meta }) {
      if (kind === 'start') return
      duration.observe({ scope, name, status }, durationMs / 1000)
      if (error !== undefined) errors.inc({ scope, name, kind: error.kind })
      if (scope !== 'step' || kind !== 'end') return
      rows.inc({ name }, numberOf(meta['rows']))
      bytes.inc({ name }, numberOf(meta['bytes']))
    },
    async flush() {
      const draft = `${path}.${process.pid}`
      await writeFile(draft, await registry.metrics())
      await rename(draft, path)
    },
  }
}

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0)
