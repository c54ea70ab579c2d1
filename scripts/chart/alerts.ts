// The chart's alerts, as Prometheus' rules. A test compares every name in them with the table of the operator's metrics.
import { stringify } from 'yaml'

interface Alert {
  alert: string
  expr: string
  for: string
  severity: 'warning' | 'critical'
  summary: string
  description: string
}

export const ALERTS: readonly Alert[] = [
  {
    alert: 'LoomNoLeader',
    expr: 'sum(loom_leader) < 1 or absent(loom_leader)',
    for: '5m',
    severity: 'critical',
    summary: 'No loom operator leads',
    description: 'No run goes on. Look at the pods of the operator and at the lease in their namespace.',
  },
  {
    alert: 'LoomWatchStale',
    expr: 'max by (resource) (loom_watch_age_seconds) > 300',
    for: '5m',
    severity: 'warning',
    summary: 'The operator has not heard of {{ $labels.resource }} for five minutes',
    description:
      'The API server answers no watches, or the network between them is cut. Runs go on late or not at all.',
  },
  {
    alert: 'LoomRunsWait',
    expr: 'histogram_quantile(0.9, sum by (le) (rate(loom_queue_wait_seconds_bucket[5m]))) > 15',
    for: '15m',
    severity: 'warning',
    summary: 'Runs wait long to be looked at',
    description: 'One run in ten waits more than 15 s. Raise `workers`, or look whether the API server is slow.',
  },
  {
    alert: 'LoomDefects',
    expr: 'increase(loom_reconcile_duration_seconds_count{result="defect"}[15m]) > 0',
    for: '0m',
    severity: 'warning',
    summary: 'The operator has met a defect of its own',
    description: "Its log has a line of level error with the run's name and the stack: please report it.",
  },
  {
    alert: 'LoomApiErrors',
    expr: 'sum(rate(loom_api_requests_total{code=~"5..|0"}[5m])) / sum(rate(loom_api_requests_total[5m])) > 0.05',
    for: '10m',
    severity: 'warning',
    summary: 'The API server fails more than one request of the operator in twenty',
    description: 'Code 0 means that no answer came.',
  },
  {
    alert: 'LoomRunsFail',
    expr: 'sum by (name, kind) (increase(loom_lifecycle_errors_total{scope="pipeline"}[1h])) > 0',
    for: '0m',
    severity: 'warning',
    summary: 'Runs of {{ $labels.name }} fail: {{ $labels.kind }}',
    description: '`kubectl get etlr -A` shows which; its message says why, and the way out.',
  },
]

export function alertsFile(): string {
  const rules = ALERTS.map(({ alert, expr, for: pending, severity, summary, description }) => ({
    alert,
    expr,
    for: pending,
    labels: { severity },
    annotations: { summary, description },
  }))
  return `# Generated from scripts/chart/alerts.ts by \`make generate\`; do not edit.\n${stringify(rules, { lineWidth: 0 })}`
}
