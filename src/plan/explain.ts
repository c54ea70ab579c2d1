// The plan as a tree for people. One reader of the plan; the runner is the other, so what is shown is what is done.
import { isObjectUri, showDuration } from '../base/index.ts'
import type { StorageBinding } from './binding.ts'
import type { Plan, StepPlan } from './plan.ts'
import type { FileLocation, SourcePlan } from './source.ts'
import type { TargetPlan, WriteMode } from './target.ts'
import type { TypedValue } from './value.ts'

/**
 * @param binding when given, places are shown beside names
 * @returns lines, without colours, ending in a newline
 */
export function explain(plan: Plan, binding?: StorageBinding): string {
  const lines = [`pipeline ${plan.pipeline}`, `plan     ${plan.hash}`]
  for (const [name, value] of Object.entries(plan.params)) lines.push(`param    ${name} = ${valueText(value)}`)
  lines.push('')
  for (const processes of plan.stages) {
    const grouped = processes.length > 1
    if (grouped) lines.push('at the same time:')
    for (const process of processes) {
      const indent = grouped ? '  ' : ''
      lines.push(`${indent}process ${process.name}`)
      for (const members of process.stages) lines.push(...stageLines(members, `${indent}  `, binding))
    }
  }
  if (plan.skipped.length > 0)
    lines.push('', 'skipped (not included):', ...plan.skipped.map(({ process, step }) => `  ${process}/${step}`))
  return `${lines.join('\n')}\n`
}

function stageLines(members: StepPlan[], indent: string, binding: StorageBinding | undefined): string[] {
  if (members.length === 1) return members.flatMap((step) => stepLines(step, indent, binding))
  return [`${indent}at the same time:`, ...members.flatMap((step) => stepLines(step, `${indent}  `, binding))]
}

function stepLines(step: StepPlan, indent: string, binding: StorageBinding | undefined): string[] {
  const timeout = step.timeoutMs === null ? '' : ` (at most ${showDuration(step.timeoutMs)})`
  return [
    `${indent}step ${step.name}${timeout}`,
    ...step.sources.map((source) => `${indent}  from ${source.alias}: ${sourceText(source)}`),
    ...bodyLines(step, indent),
    `${indent}  into ${targetText(step.target)}${placeOf(step.target, binding)}`,
  ]
}

function bodyLines({ body }: StepPlan, indent: string): string[] {
  switch (body.kind) {
    case 'copy':
      return []
    case 'sql': {
      const text = body.sql.source.trim().replace(/\s+/g, ' ')
      return [`${indent}  sql  ${text.length <= 100 ? text : `${text.slice(0, 99)}…`}`]
    }
    case 'code':
      return [`${indent}  code ${'module' in body ? `${body.module} (${body.export})` : 'inline'}`]
    default:
      return body satisfies never
  }
}

function sourceText(source: SourcePlan): string {
  switch (source.kind) {
    case 'table': {
      const columns = source.columns.length === 0 ? '' : ` (${source.columns.join(', ')})`
      const where = source.where.map(({ source: text }, i) => `${i === 0 ? ' where' : ' and'} ${text}`).join('')
      const at =
        source.at === undefined
          ? ''
          : 'version' in source.at
            ? ` at version ${source.at.version}`
            : ` as of ${source.at.timestamp}`
      return `table ${source.ref}${at}${columns}${where}`
    }
    case 'file':
      return `${source.format} ${fileText(source.location)}`
    case 'temp':
      return `temp ${source.name}`
    case 'rows':
      return source.rows.length === 1 ? '1 row' : `${source.rows.length} rows`
    default:
      return source satisfies never
  }
}

function targetText(target: TargetPlan): string {
  switch (target.kind) {
    case 'table': {
      const schema = target.schema === 'strict' ? '' : `, schema ${target.schema}`
      const drops = target.dropExtraColumns ? ', drops extra columns' : ''
      const fails = target.failOnEmpty ? ', fails when empty' : ''
      return `table ${target.ref}: ${writeText(target.write)}${schema}${drops}${fails}`
    }
    case 'file':
      return `${target.format} ${fileText(target.location)}`
    case 'temp':
      return `temp ${target.name}${target.append ? ' (append)' : ''}${target.scope === 'correlation' ? ', kept for the correlation id' : ''}`
    default:
      return target satisfies never
  }
}

function writeText(write: WriteMode): string {
  switch (write.mode) {
    case 'append':
    case 'replace':
      return `${write.mode}${write.partitionBy.length === 0 ? '' : ` partitioned by ${write.partitionBy.join(', ')}`}`
    case 'replacePartitions':
      return `replace partitions of ${write.by.join(', ')}`
    case 'replacePartition':
      return `replace partition ${write.values.map(({ column, value }) => `${column} = ${valueText(value)}`).join(', ')}`
    case 'replaceWhere':
      return `replace where ${write.predicate.source}`
    case 'upsert': {
      const updates = write.include.length === 0 ? '' : `, updates ${write.include.join(', ')}`
      const keeps = write.exclude.length === 0 ? '' : `, keeps ${write.exclude.join(', ')}`
      return `upsert by ${[...write.keys, ...write.partitionBy].join(', ')}${updates}${keeps}`
    }
    default:
      return write satisfies never
  }
}

const fileText = (location: FileLocation): string => ('path' in location ? location.path : `named ${location.file}`)

function placeOf(target: TargetPlan, binding: StorageBinding | undefined): string {
  if (binding === undefined) return ''
  if (target.kind === 'table') return `  → ${binding.tables[target.ref]?.uri ?? '?'}`
  if (target.kind !== 'file') return ''
  const { location } = target
  return `  → ${'file' in location ? (binding.files[location.file] ?? '?') : location.path.startsWith('/') || isObjectUri(location.path) ? location.path : `${binding.fileRoot}/${location.path}`}`
}

function valueText(value: TypedValue): string {
  if (value.type === 'list') return `[${value.value.map(valueText).join(', ')}]`
  return value.type === 'string' ? JSON.stringify(value.value) : String(value.value)
}
