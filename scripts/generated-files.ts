// All files that are made from the schemas and tables in src: crds/, the generated pages of docs/reference/, and much of the chart.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { COMPILE_PROBLEM_CODES } from '../src/compile/problem-codes.ts'
import { CREDENTIAL_KEYS } from '../src/dispatch/index.ts'
import {
  CONDITION_TYPES,
  MANIFEST_PROBLEM_CODES,
  REASONS,
  type Reason,
  renderCrds,
  renderReference,
  WAYS_OUT,
} from '../src/manifest/index.ts'
import { METRICS } from '../src/observability/index.ts'
import { OPERATOR_SETTINGS } from '../src/operator/index.ts'
import { WORKER_SETTINGS } from '../src/pod/index.ts'
import { argocdConfig } from './argocd-config.ts'
import { alertsFile } from './chart/alerts.ts'
import { crdTemplates } from './chart/crd-templates.ts'
import { dashboardFile } from './chart/dashboard.ts'
import { rulesTemplate } from './chart/rules-template.ts'
import { valuesPage } from './chart/values-page.ts'
import { cliPage } from './docs/cli-page.ts'
import { errorsPage } from './docs/errors-page.ts'
import { markdownTable } from './docs/markdown-table.ts'
import type { GeneratedFile } from './generated-file.ts'

const CHART = 'charts/loom-operator'

/** @throws Error when a schema is not what the API server takes */
export function generatedFiles(): GeneratedFile[] {
  return [
    ...renderCrds().map(({ name, yaml }) => ({ path: `crds/${name}.yaml`, text: yaml })),
    ...renderReference().map(({ name, markdown }) => ({ path: `docs/reference/${name}.md`, text: markdown })),
    { path: 'docs/reference/problems.md', text: problemsPage() },
    { path: 'docs/reference/errors.md', text: errorsPage() },
    { path: 'docs/reference/cli.md', text: cliPage() },
    { path: 'docs/reference/operator.md', text: operatorPage() },
    { path: 'docs/reference/worker.md', text: workerPage() },
    { path: 'docs/reference/metrics.md', text: metricsPage() },
    argocdConfig(),
    ...chartFiles(),
  ]
}

function chartFiles(): GeneratedFile[] {
  const values = readFileSync(join(import.meta.dirname, '..', CHART, 'values.yaml'), 'utf8')
  return [
    ...crdTemplates(CHART),
    { path: `${CHART}/templates/_rules.tpl`, text: rulesTemplate() },
    { path: `${CHART}/files/alerts.yaml`, text: alertsFile() },
    { path: `${CHART}/files/dashboard.json`, text: dashboardFile() },
    { path: `${CHART}/README.md`, text: valuesPage(values) },
  ]
}

function settingsTable(settings: typeof OPERATOR_SETTINGS | typeof WORKER_SETTINGS): string {
  const rows = Object.values(settings).map(({ flag, env, default: otherwise, help }) => [
    `\`${flag}\``,
    `\`${env}\``,
    otherwise,
    help,
  ])
  return markdownTable(['option', 'variable', 'default', 'meaning'], rows)
}

function workerPage(): string {
  return `${[
    '<!-- Generated from the tables in src by `make generate`; do not edit. -->',
    '# Workers',
    'Options of `loom worker`; each is also an environment variable. Options win. Exit codes: 0 drained, 1 a fault, 2 wrong options.',
    settingsTable(WORKER_SETTINGS),
    '## Keys of the credentials',
    'Files of the folder, as a mounted Secret has them. They are read anew with each connection.',
    markdownTable(
      ['key', 'holds'],
      Object.entries(CREDENTIAL_KEYS).map(([key, meaning]) => [`\`${key}\``, meaning]),
    ),
  ].join('\n\n')}\n`
}

function operatorPage(): string {
  const reasons = Object.entries(REASONS).map(([reason, meaning]) => [
    reason,
    meaning,
    WAYS_OUT[reason as Reason] ?? '',
  ])
  return `${[
    '<!-- Generated from the tables in src by `make generate`; do not edit. -->',
    '# The operator',
    '## Conditions of an ETLRun',
    markdownTable(['condition', 'meaning'], Object.entries(CONDITION_TYPES)),
    '## Reasons',
    'Of phases, conditions, steps and events. What to look at, and what to do: [operations](../operations.md#reasons).',
    markdownTable(['reason', 'meaning', 'way out'], reasons),
    '## Settings',
    'Options of `loom operator`; each is also an environment variable. Options win.',
    settingsTable(OPERATOR_SETTINGS),
  ].join('\n\n')}\n`
}

function metricsPage(): string {
  const rows = (who: 'both' | 'operator') =>
    Object.entries(METRICS)
      .filter(([, { by }]) => by === who)
      .map(([name, { type, unit, help, labels }]) => [`\`${name}\``, type, unit, labels.join(', '), help])
  const titles = ['metric', 'type', 'unit', 'labels', 'meaning']
  return `${[
    '<!-- Generated from the tables of metrics in src by `make generate`; do not edit. -->',
    '# Metrics',
    'Labels are bounded: names from manifests, reasons and codes, never ids.',
    '`name` is a path: `pipeline`, `pipeline/process` or `pipeline/process/step`, by `scope`. The operator counts runs with an inline pipeline as `(inline)`. `status` is success, failure or cancelled; `kind` is the kind of the fault: invalid, denied, missing, conflict, transient or defect.',
    '## Of local runs (`--metrics-file`) and of the operator (`/metrics`)',
    markdownTable(titles, rows('both')),
    '## Of the operator alone',
    markdownTable(titles, rows('operator')),
  ].join('\n\n')}\n`
}

function problemsPage(): string {
  const table = (codes: Record<string, string>) => markdownTable(['code', 'meaning'], Object.entries(codes))
  return `${[
    '<!-- Generated from the tables of codes in src by `make generate`; do not edit. -->',
    '# Problems of manifests',
    'All problems of all files are reported at once, each with file, line, column and field path.',
    '## Found by reading',
    table(MANIFEST_PROBLEM_CODES),
    '## Found by compiling',
    table(COMPILE_PROBLEM_CODES),
  ].join('\n\n')}\n`
}
