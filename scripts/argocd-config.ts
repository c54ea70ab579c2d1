// What Argo CD's own configuration needs to know of our kinds: the Lua files of docs/gitops/argocd in one ConfigMap.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { GeneratedFile } from './generated-file.ts'

const FOLDER = 'docs/gitops/argocd'
const GROUP = 'loom.etl'
const SCRIPTS = join(import.meta.dirname, '..', FOLDER, GROUP)

const HEAD = `# Generated from the Lua files beside it by \`make generate\`; do not edit.
# It adds to Argo CD's configuration and takes nothing from it:
#   kubectl apply --server-side --field-manager loom-health -f argocd-cm.yaml
`

export function argocdConfig(): GeneratedFile {
  const keys = readdirSync(SCRIPTS)
    .sort()
    .flatMap((kind) => [healthOf(kind), ...actionsOf(kind)])
  const config = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'argocd-cm', namespace: 'argocd' },
    data: Object.fromEntries(keys),
  }
  return { path: `${FOLDER}/argocd-cm.yaml`, text: HEAD + stringify(config, { lineWidth: 0 }) }
}

const script = (...path: string[]): string => readFileSync(join(SCRIPTS, ...path), 'utf8')

const healthOf = (kind: string): [string, string] => [
  `resource.customizations.health.${GROUP}_${kind}`,
  script(kind, 'health.lua'),
]

function actionsOf(kind: string): [string, string][] {
  const there = readdirSync(join(SCRIPTS, kind), { withFileTypes: true }).some(({ name }) => name === 'actions')
  if (!there) return []
  const names = readdirSync(join(SCRIPTS, kind, 'actions'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
  const actions = {
    'discovery.lua': script(kind, 'actions', 'discovery.lua'),
    definitions: names.map((name) => ({ name, 'action.lua': script(kind, 'actions', name, 'action.lua') })),
  }
  return [[`resource.customizations.actions.${GROUP}_${kind}`, stringify(actions, { lineWidth: 0 })]]
}
