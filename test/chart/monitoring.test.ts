// Alerts and dashboard speak of metrics that exist, by labels and words that they have.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ALERTS } from '../../scripts/chart/alerts.ts'
import { dashboardFile } from '../../scripts/chart/dashboard.ts'
import { METRICS, type Metric, SCOPES } from '../../src/observability/index.ts'

interface Panel {
  description: string
  targets: { expr: string }[]
}

const { panels } = JSON.parse(dashboardFile()) as { panels: Panel[] }

/** Every series that the operator has: histograms have three. */
const SERIES = Object.entries<Metric>(METRICS).flatMap(([name, { type, labels }]) =>
  type === 'histogram'
    ? [
        [`${name}_bucket`, [...labels, 'le']],
        [`${name}_sum`, labels],
        [`${name}_count`, labels],
      ]
    : [[name, labels]],
) as [string, string[]][]
const known = new Map(SERIES)

/** The metrics of an expression, each with the labels that it is chosen by, and the labels that it is grouped by. */
function readExpression(expr: string): { name: string; labels: string[] }[] {
  const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(/,\s*/))
  return [...expr.matchAll(/\b(loom_\w+)(?:\{([^}]*)\})?/g)].map(([, name = '', selectors = '']) => ({
    name,
    labels: [...grouped, ...[...selectors.matchAll(/(\w+)(?:=|!)/g)].map(([, label = '']) => label)],
  }))
}

function assertKnown(expr: string): void {
  const metrics = readExpression(expr)
  assert.ok(metrics.length > 0, expr)
  for (const { name, labels } of metrics) {
    assert.ok(known.has(name), `${expr}: there is no series ${name}`)
    for (const label of labels) assert.ok(known.get(name)?.includes(label), `${expr}: ${name} has no label ${label}`)
  }
}

describe('alerts', () => {
  for (const { alert, expr, summary } of ALERTS)
    it(alert, () => {
      assertKnown(expr)
      const [, scope] = /scope="(\w+)"/.exec(expr) ?? []
      assert.ok(
        scope === undefined || (SCOPES as readonly string[]).includes(scope),
        `${expr}: there is no scope ${scope}`,
      )
      const grouped = /by \(([^)]*)\)/.exec(expr)?.[1]?.split(/,\s*/) ?? []
      for (const [, label = ''] of summary.matchAll(/\$labels\.(\w+)/g)) assert.ok(grouped.includes(label), summary)
    })
})

it('the dashboard has a panel for every metric', () => {
  assert.deepEqual(panels.map(({ description }) => description).sort(), Object.keys(METRICS).sort())
  for (const { targets } of panels) for (const { expr } of targets) assertKnown(expr)
})
