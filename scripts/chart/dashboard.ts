// A Grafana dashboard with one panel for each of the operator's metrics: the table of metrics is all that it is made of.
import { METRICS, type Metric } from '../../src/observability/index.ts'

interface Query {
  expr: string
  legend: string
}

const WIDTH = 12
const HEIGHT = 8

export function dashboardFile(): string {
  const panels = Object.entries<Metric>(METRICS).map(([name, metric], index) => panel(name, metric, index))
  const dashboard = {
    uid: 'loom-operator',
    title: 'loom operator',
    tags: ['loom', 'etl'],
    schemaVersion: 39,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    templating: { list: [{ name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' }] },
    panels,
  }
  return `${JSON.stringify(dashboard, null, 1)}\n`
}

function panel(name: string, metric: Metric, index: number): object {
  return {
    id: index + 1,
    type: 'timeseries',
    title: metric.help.replace(/\.$/, ''),
    description: name,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana's
    datasource: { type: 'prometheus', uid: '${datasource}' },
    gridPos: { x: (index % 2) * WIDTH, y: Math.floor(index / 2) * HEIGHT, w: WIDTH, h: HEIGHT },
    fieldConfig: { defaults: { unit: unitOf(name, metric) }, overrides: [] },
    targets: queries(name, metric).map(({ expr, legend }, i) => ({ refId: 'ABC'[i], expr, legendFormat: legend })),
  }
}

function queries(name: string, { type, labels }: Metric): Query[] {
  const by = labels.length === 0 ? '' : ` by (${labels.join(', ')})`
  const legend = labels.map((label) => `{{${label}}}`).join(' ')
  if (type === 'gauge') return [{ expr: `sum${by} (${name})`, legend }]
  if (type === 'counter') return [{ expr: `sum${by} (rate(${name}[$__rate_interval]))`, legend }]
  const quantile = (q: number) =>
    `histogram_quantile(${q}, sum by (${['le', ...labels].join(', ')}) (rate(${name}_bucket[$__rate_interval])))`
  return [
    { expr: quantile(0.5), legend: `p50 ${legend}`.trim() },
    { expr: quantile(0.99), legend: `p99 ${legend}`.trim() },
  ]
}

function unitOf(name: string, { type }: Metric): string {
  const perSecond = type === 'counter'
  if (/_seconds$/.test(name)) return 's'
  if (/_bytes(_total)?$/.test(name)) return perSecond ? 'Bps' : 'bytes'
  return perSecond ? 'ops' : 'short'
}
