// The chart's RBAC rules, from the operator's own tables of what it asks for, and what people may do with each kind.
import type { KINDS } from '../../src/manifest/index.ts'
import { LEASE_RULES, OPERATOR_RULES, OWNER_RULES, type RbacRule } from '../../src/operator/index.ts'

const READ = ['get', 'list', 'watch']
const WRITE = ['create', 'update', 'patch', 'delete', 'deletecollection']

/** Who writes objects of a kind; everybody with a role reads all of them. A new kind must be put here. */
const WRITTEN_BY: Record<keyof typeof KINDS, 'editor' | 'storage-admin'> = {
  ETLPipeline: 'editor',
  ETLRun: 'editor',
  ETLStorage: 'storage-admin',
  ETLWorkerPool: 'storage-admin',
}

const pluralOf = (kind: string): string => `${kind.toLowerCase()}s`
const all = Object.keys(WRITTEN_BY).map(pluralOf)
const writtenBy = (role: string) =>
  Object.entries(WRITTEN_BY)
    .filter(([, writer]) => writer === role)
    .map(([kind]) => pluralOf(kind))

const rule = (resources: string[], verbs: string[]): RbacRule => ({ apiGroups: ['loom.etl'], resources, verbs })
/** With the pods of steps and workers and their logs, which `loom logs` shows. */
const reading: readonly RbacRule[] = [
  rule([...all, ...all.map((plural) => `${plural}/status`)], READ),
  { apiGroups: [''], resources: ['pods'], verbs: READ },
  { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
]

/** Name of the template → its rules. */
export const CHART_RULES: Record<string, readonly RbacRule[]> = {
  rules: [...OPERATOR_RULES, ...OWNER_RULES],
  leaseRules: LEASE_RULES,
  'rulesOf.viewer': reading,
  'rulesOf.editor': [...reading, rule(writtenBy('editor'), WRITE)],
  'rulesOf.storage-admin': [...reading, rule(writtenBy('storage-admin'), WRITE)],
}

export function rulesTemplate(): string {
  const defines = Object.entries(CHART_RULES).map(
    ([name, rules]) => `{{- define "loom-operator.${name}" -}}\n${yaml(rules)}{{- end }}\n`,
  )
  return ['{{/* Generated from src/operator/rbac.ts by `make generate`; do not edit. */}}\n', ...defines].join('\n')
}

const list = (texts: readonly string[]): string => `[${texts.map((text) => (text === '' ? '""' : text)).join(', ')}]`

const yaml = (rules: readonly RbacRule[]): string =>
  rules
    .map(({ apiGroups, resources, verbs }) =>
      [`- apiGroups: ${list(apiGroups)}`, `  resources: ${list(resources)}`, `  verbs: ${list(verbs)}\n`].join('\n'),
    )
    .join('')
