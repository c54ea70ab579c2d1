// Lifecycle metrics of a local run, in Prometheus' text format, for a node exporter's text file collector or a push. The
// metrics library is loaded when the text is made for the first time: until then the samples are kept.
import { randomUUID } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'
import type { Counter, Histogram, Registry } from 'prom-client'
import type { LifecycleEvent, Observer } from './events.ts'

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

export interface MetricsObserver extends Observer {
  /** All that was counted so far, in Prometheus' text format. */
  text(): Promise<string>
}

export function metricsObserver(): MetricsObserver {
  let samples: LifecycleEvent[] = []
  let instruments: Promise<Instruments> | undefined
  return {
    onEvent(event) {
      if (event.kind !== 'start') samples.push(event)
    },
    async text() {
      instruments ??= makeInstruments()
      const made = await instruments
      const taken = samples
      samples = []
      for (const sample of taken) count(made, sample)
      return await made.registry.metrics()
    },
  }
}

/** Writes the file anew, whole, at each flush. */
export function metricsFileObserver(path: string): Observer {
  const { onEvent, text } = metricsObserver()
  return {
    onEvent,
    async flush() {
      const draft = `${path}.${randomUUID()}.draft`
      try {
        await writeFile(draft, await text())
        await rename(draft, path)
      } catch (thrown) {
        await rm(draft, { force: true }).catch(() => undefined)
        throw thrown
      }
    },
  }
}

interface Instruments {
  registry: Registry
  duration: Histogram
  errors: Counter
  rows: Counter
  bytes: Counter
}

async function makeInstruments(): Promise<Instruments> {
  const { Counter, Histogram, Registry } = await import('prom-client')
  const registry = new Registry()
  const config = (name: keyof typeof RUN_METRICS) => ({
    name,
    help: RUN_METRICS[name].help,
    labelNames: [...RUN_METRICS[name].labels],
    registers: [registry],
  })
  return {
    registry,
    duration: new Histogram({ ...config('loom_lifecycle_duration_seconds'), buckets: BUCKETS }),
    errors: new Counter(config('loom_lifecycle_errors_total')),
    rows: new Counter(config('loom_step_rows_total')),
    bytes: new Counter(config('loom_step_bytes_total')),
  }
}

/** A duration is counted however the thing ended: slow failures are the ones to see. */
function count(instruments: Instruments, { kind, scope, name, status, durationMs, error, meta }: LifecycleEvent): void {
  instruments.duration.observe({ scope, name, status: status ?? '' }, (durationMs ?? 0) / 1000)
  if (error !== undefined && status === 'failure') instruments.errors.inc({ scope, name, kind: error.kind })
  if (scope !== 'step' || kind !== 'end') return
  instruments.rows.inc({ name }, numberOf(meta['rows']))
  instruments.bytes.inc({ name }, numberOf(meta['bytes']))
}

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0)
