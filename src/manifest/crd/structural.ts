// Checks that a schema is "structural" by Kubernetes' documented rules, and keeps ours besides: a description on every
// field, a bound on every list that has rules inside. The same is judged by a real API server in the cluster tests.
import { isMapping } from '../check/words.ts'
import { re2Problem } from './re2.ts'

type Node = Record<string, unknown>
type Report = (problem: string) => void

const TYPES = ['object', 'array', 'string', 'integer', 'number', 'boolean']
const VALUE_KEYWORDS = [
  'enum',
  'format',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'required',
  'properties',
  'items',
]
const JUNCTORS = ['allOf', 'anyOf', 'oneOf'] as const
const IN_JUNCTORS = new Set([...VALUE_KEYWORDS, ...JUNCTORS, 'not'])
const KEYWORDS = new Set([
  ...IN_JUNCTORS,
  'type',
  'description',
  'title',
  'default',
  'nullable',
  'additionalProperties',
  'x-kubernetes-validations',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-int-or-string',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
])
const CEL_RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)

/** Every breach of the rules, as `path: what`; none for a structural schema. `schema` is that of a whole object. */
export function structuralProblems(schema: unknown): string[] {
  const problems: string[] = []
  if (!isMapping(schema)) return ['the schema is no object']
  checkNode(schema, { path: '', report: (problem) => problems.push(problem), isUnbounded: false })
  checkRoot(schema, (problem) => problems.push(problem))
  return problems
}

interface Context {
  path: string
  report: Report
  /** True inside of a list or map without a bound. */
  isUnbounded: boolean
}

function checkNode(node: Node, context: Context): void {
  const say: Report = (problem) => context.report(`${context.path || '/'}: ${problem}`)
  for (const key of Object.keys(node)) if (!KEYWORDS.has(key)) say(`"${key}" is not lawful`)
  checkType(node, say)
  checkShape(node, say)
  checkValues(node, say)
  checkListType(node, say)
  checkCel(node, context, say)
  for (const { name, schema } of junctorsOf(node))
    checkValidation(schema, { node, path: `${context.path}/${name}`, report: context.report })
  for (const { name, child, isUnbounded } of childrenOf(node)) {
    if (isMapping(child))
      checkNode(child, { ...context, path: `${context.path}/${name}`, isUnbounded: context.isUnbounded || isUnbounded })
    else say(`${name} is no schema`)
  }
}

function checkType(node: Node, say: Report): void {
  const { type } = node
  const preserves = node['x-kubernetes-preserve-unknown-fields']
  const isIntOrString = node['x-kubernetes-int-or-string'] === true
  if (type === undefined && preserves !== true && !isIntOrString) say('a type is missing')
  if (type !== undefined && !(typeof type === 'string' && TYPES.includes(type)))
    say(`the type ${JSON.stringify(type)} is not lawful`)
  if (isIntOrString && type !== undefined) say('x-kubernetes-int-or-string goes without a type')
  if (preserves !== undefined && preserves !== true) say('x-kubernetes-preserve-unknown-fields can only be true')
  if (preserves === true && type !== undefined && type !== 'object')
    say('x-kubernetes-preserve-unknown-fields is for objects')
  if (type === 'integer' && node['format'] !== 'int32' && node['format'] !== 'int64')
    say('an integer needs the format int32 or int64')
}

function checkShape(node: Node, say: Report): void {
  const { type, properties, additionalProperties, items, required } = node
  if (type === 'array' && !isMapping(items)) say('a list needs one schema for its items')
  if (type !== 'array' && items !== undefined) say('items is for lists')
  if (type !== 'object' && (properties !== undefined || additionalProperties !== undefined))
    say('properties are for objects')
  if (properties !== undefined && additionalProperties !== undefined)
    say('properties and additionalProperties exclude each other')
  if (additionalProperties === false) say('additionalProperties can not be false')
  for (const name of Array.isArray(required) ? required : [])
    if (!isMapping(properties) || !(String(name) in properties)) say(`the required "${name}" is no property`)
  for (const [name, child] of Object.entries(isMapping(properties) ? properties : {}))
    if (isMapping(child) && typeof child['description'] !== 'string' && name !== 'metadata')
      say(`"${name}" has no description`)
}

function checkValues(node: Node, say: Report): void {
  const { pattern, enum: values, default: preset, type } = node
  const trouble = typeof pattern === 'string' ? re2Problem(pattern) : undefined
  if (trouble !== undefined) say(`the pattern is refused: ${trouble}`)
  if (Array.isArray(values) && new Set(values.map((value) => JSON.stringify(value))).size < values.length)
    say('the enum has a value twice')
  if (preset !== undefined && typeof type === 'string' && !hasJsonType(preset, type)) say(`the default is no ${type}`)
  if (isMapping(preset) && isMapping(node['properties']))
    for (const name of Object.keys(preset))
      if (!(name in node['properties'])) say(`the default's "${name}" would be pruned`)
}

function hasJsonType(value: unknown, type: string): boolean {
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'array') return Array.isArray(value)
  return type === 'object' ? isMapping(value) : typeof value === type
}

function checkListType(node: Node, say: Report): void {
  const listType = node['x-kubernetes-list-type']
  const keys = node['x-kubernetes-list-map-keys']
  if (listType !== 'map') {
    if (keys !== undefined) say('x-kubernetes-list-map-keys is for lists of type map')
    return
  }
  const items = isMapping(node['items']) ? node['items'] : {}
  const properties = isMapping(items['properties']) ? items['properties'] : {}
  const required: unknown[] = Array.isArray(items['required']) ? items['required'] : []
  if (!Array.isArray(keys) || keys.length === 0) say('a list of type map needs keys')
  for (const key of Array.isArray(keys) ? keys.map(String) : []) {
    const property = properties[key]
    if (!isMapping(property)) say(`the list's key "${key}" is no property of its items`)
    else if (!required.includes(key) && property['default'] === undefined)
      say(`the list's key "${key}" is neither required nor has it a default`)
  }
}

function checkCel(node: Node, { isUnbounded }: Context, say: Report): void {
  const list = node['x-kubernetes-validations']
  if (list === undefined) return
  if (!Array.isArray(list) || list.length === 0) {
    say('x-kubernetes-validations is no list of rules')
    return
  }
  if (isUnbounded) say('a rule lies in a list or map without a bound: its cost has none either')
  for (const entry of list) {
    const rule: unknown = isMapping(entry) ? entry['rule'] : undefined
    const message: unknown = isMapping(entry) ? entry['message'] : undefined
    if (typeof rule !== 'string' || rule.trim() === '') say('a rule is empty')
    else
      for (const [, name = ''] of rule.matchAll(/self\.([A-Za-z_]+)/g)) {
        if (CEL_RESERVED.has(name)) say(`self.${name} must be written self.__${name}__`)
        else if (isMapping(node['properties']) && !(name in node['properties']))
          say(`a rule speaks of "${name}", which is no property`)
      }
    if (typeof message !== 'string' || message.includes('\n')) say('a rule needs a message of one line')
  }
}

function* junctorsOf(node: Node): Generator<{ name: string; schema: unknown }> {
  for (const junctor of JUNCTORS) {
    const list = node[junctor]
    if (!Array.isArray(list)) continue
    for (const [index, schema] of list.entries()) yield { name: `${junctor}/${index}`, schema }
  }
  if (node['not'] !== undefined) yield { name: 'not', schema: node['not'] }
}

function* childrenOf(node: Node): Generator<{ name: string; child: unknown; isUnbounded: boolean }> {
  const { properties, additionalProperties, items } = node
  for (const [name, child] of Object.entries(isMapping(properties) ? properties : {}))
    yield { name, child, isUnbounded: false }
  if (isMapping(additionalProperties))
    yield { name: '*', child: additionalProperties, isUnbounded: node['maxProperties'] === undefined }
  if (isMapping(items)) yield { name: '[]', child: items, isUnbounded: node['maxItems'] === undefined }
}

/** Inside junctors only values are judged, and only fields that the node itself has. */
function checkValidation(schema: unknown, { node, path, report }: { node: Node; path: string; report: Report }): void {
  if (!isMapping(schema)) {
    report(`${path}: no schema`)
    return
  }
  for (const key of Object.keys(schema))
    if (!IN_JUNCTORS.has(key)) report(`${path}: "${key}" is not lawful inside of ${path.split('/').at(-2)}`)
  const own = isMapping(node['properties']) ? node['properties'] : {}
  for (const [name, child] of Object.entries(isMapping(schema['properties']) ? schema['properties'] : {})) {
    const twin = own[name]
    if (isMapping(twin)) checkValidation(child, { node: twin, path: `${path}/${name}`, report })
    else report(`${path}: "${name}" is not specified outside`)
  }
  for (const name of Array.isArray(schema['required']) ? schema['required'] : [])
    if (!(String(name) in own)) report(`${path}: the required "${name}" is not specified outside`)
  for (const { name, schema: inner } of junctorsOf(schema))
    checkValidation(inner, { node, path: `${path}/${name}`, report })
}

function checkRoot(root: Node, report: Report): void {
  const properties = isMapping(root['properties']) ? root['properties'] : {}
  if (root['type'] !== 'object') report('/: the root must be an object')
  for (const name of ['apiVersion', 'kind']) {
    const child = properties[name]
    if (isMapping(child) && child['type'] !== 'string') report(`/${name}: must be a string`)
  }
  const metadata = properties['metadata']
  if (!isMapping(metadata)) return
  if (metadata['type'] !== 'object') report('/metadata: must be an object')
  const restricted = Object.keys(isMapping(metadata['properties']) ? metadata['properties'] : {})
  if (restricted.some((name) => name !== 'name' && name !== 'generateName'))
    report('/metadata: only name and generateName may be restricted')
}
