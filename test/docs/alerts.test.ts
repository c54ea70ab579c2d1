// docs/operations.md has each alert of the chart, with its severity.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { parse } from 'yaml'
import { REPOSITORY, textOf } from './pages.ts'

it('the table of alerts has each alert of the chart, and no other', () => {
  const file = readFileSync(join(REPOSITORY, 'charts/loom-operator/files/alerts.yaml'), 'utf8')
  const alerts = parse(file) as { alert: string; labels: { severity: string } }[]
  const rows = [...textOf('docs/operations.md').matchAll(/^\| (Loom\w+) \| (\w+) \| .{20,} \|$/gm)]
  assert.deepEqual(
    rows.map(([, alert, severity]) => ({ alert, severity })),
    alerts.map(({ alert, labels: { severity } }) => ({ alert, severity })),
  )
})
