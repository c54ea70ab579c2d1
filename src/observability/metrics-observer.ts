// Lifecycle metrics of a local run, in Prometheus' text format, for a node exporter's text file collector or a push. The
// metrics library is loaded when the text is made for the first time: until then the samples are kept.
import { randomUUID } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'
import type { Counter, Histogram, Registry } from 'prom-client'
import type { LifecycleEvent, Observer } from './events.ts'
import { BUCKETS, METRICS, type MetricName } from './metrics.ts'

export interface MetricsObserver extends Observer {
  /** All that was counted so far, in Prometheus' text format. */
  text(): Promise<string>
}

export function metricsObserver(): MetricsObserver {
  let samples: Sample[] = []
  let instruments: Promise<Instruments> | undefined
  /** Of the spans that are under way, by id. */
  const paths = new Map<string, string>()
  return {
    onEvent(event) {
      const { kind, id, parentId, name } = event
      if (kind === 'start') {
        const around = paths.get(parentId ?? '')
        paths.set(id, around === undefined ? name : `${around}/${name}`)
        return
      }
      samples.push({ ...event, name: paths.get(id) ?? name })
      paths.delete(id)
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

/** The end of a thing, with its path as its name. */
type Sample = LifecycleEvent

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
  const config = (name: MetricName) => ({
    name,
    help: METRICS[name].help,
    labelNames: [...METRICS[name].labels],
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
function count(instruments: Instruments, { kind, scope, name, status, durationMs, error, meta }: Sample): void {
  instruments.duration.observe({ scope, name, status: status ?? '' }, (durationMs ?? 0) / 1000)
  if (error !== undefined && status === 'failure') instruments.errors.inc({ scope, name, kind: error.kind })
  if (scope !== 'step' || kind !== 'end') return
  instruments.rows.inc({ name }, numberOf(meta['rows']))
  instruments.bytes.inc({ name }, numberOf(meta['bytes']))
}

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0)
