// The reference pages of the kinds, from the same schemas as the CRDs: every field with type, default and meaning.
// A field's default stands at the end of its description (`Default 10s.`); here it gets its own column.
import { CONDITION_TYPES, POOL_CONDITION_TYPES, REASONS } from '../conditions.ts'
import { rulesIn } from '../rule.ts'
import { API_VERSION } from '../shared.ts'
import { toJson } from './convert.ts'
import { CRD_KINDS, type CrdKind } from './render.ts'

type Json = Record<string, unknown>

export interface ReferencePage {
  /** File name without its ending: `pipeline`. */
  name: string
  markdown: string
}

/** One page per kind. */
export function renderReference(): ReferencePage[] {
  return CRD_KINDS.map((crd) => ({ name: crd.kind.replace('ETL', '').toLowerCase(), markdown: page(crd) }))
}

const GENERATED = '<!-- Generated from src/manifest by `make generate`; do not edit. -->'

function page(crd: CrdKind): string {
  const sections = new Sections()
  sections.add('spec', toJson(crd.spec))
  if (crd.status !== undefined) sections.add('status', toJson(crd.status))
  const head = [
    GENERATED,
    `# ${crd.kind}`,
    crd.description,
    `\`apiVersion: ${API_VERSION}\`, \`kind: ${crd.kind}\`, short name \`${crd.shortName}\`. Fields in **bold** are required.`,
  ]
  return `${[...head, ...sections.texts, ...wordsOf(crd)].join('\n\n')}\n`
}

/** What a status may say; the reasons of all kinds stand on one page. */
function wordsOf({ kind }: CrdKind): string[] {
  if (kind === 'ETLRun') return [wordTable('Conditions', CONDITION_TYPES), wordTable('Reasons', REASONS)]
  return kind === 'ETLWorkerPool' ? [wordTable('Conditions', POOL_CONDITION_TYPES)] : []
}

/** One section per object; objects that are the same everywhere (a step, alone or in a group) are described once. */
class Sections {
  readonly texts: string[] = []
  readonly #known = new Map<string, string>()

  /** @returns the title of the section that describes the object */
  add(title: string, json: Json): string {
    const key = JSON.stringify([json['properties'], json['anyOf']])
    const known = this.#known.get(key)
    if (known !== undefined) return known
    this.#known.set(key, title)
    const place = this.texts.length
    const rows = fieldsOf(json).map(({ name, schema, isRequired }) => this.#row({ name, schema, isRequired }, title))
    const rules = rulesIn(json).map(({ message }) => `- ${message}`)
    const parts = [
      `## ${title}`,
      String(json['description'] ?? ''),
      ['| field | type | default | meaning |', '|---|---|---|---|', ...rows].join('\n'),
      ...(rules.length === 0 ? [] : [`Rules:\n\n${rules.join('\n')}`]),
    ]
    this.texts.splice(place, 0, parts.filter((part) => part !== '').join('\n\n'))
    return title
  }

  #row({ name, schema, isRequired }: Field, owner: string): string {
    const { meaning, preset } = splitDefault(String(schema['description'] ?? ''))
    const field = isRequired ? `**${name}**` : name
    return `| ${[field, this.#type(schema, `${owner}.${name}`), preset, meaning].map(cell).join(' | ')} |`
  }

  #type(schema: Json, title: string): string {
    const options = listOf(schema['anyOf']).map(asJson)
    if (options.some(hasFields)) return this.#link(title, schema)
    if (options.length > 0) return [...new Set(options.map((option) => this.#type(option, title)))].join(' or ')
    if (hasFields(schema)) return this.#link(title, schema)
    if (schema['type'] === 'array') return `list of ${this.#type(asJson(schema['items']), `${title}[]`)}`
    if (schema['type'] === 'object' && isRecord(schema['additionalProperties']))
      return `map of ${this.#type(asJson(schema['additionalProperties']), `${title}.*`)}`
    return scalarType(schema)
  }

  #link(title: string, schema: Json): string {
    const section = this.add(title, schema)
    return `[object](#${anchor(section)})`
  }
}

function scalarType(schema: Json): string {
  const { type, enum: values, minimum, maximum, pattern } = schema
  if (listOf(values).includes(null)) return 'null'
  if (Array.isArray(values)) return values.map((value) => `\`${String(value)}\``).join(', ')
  const atLeast = minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? undefined : `≥ ${String(minimum)}`
  const atMost = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? undefined : `≤ ${String(maximum)}`
  const limits = [atLeast, atMost, pattern === undefined ? undefined : `\`${String(pattern)}\``]
  const words = [
    type === undefined ? 'any' : String(type),
    schema['nullable'] === true ? 'or null' : undefined,
    ...limits,
  ]
  return words.filter((word) => word !== undefined).join(' ')
}

interface Field {
  name: string
  schema: Json
  isRequired: boolean
}

/** The fields of an object, or of all objects of a union. */
function fieldsOf(json: Json): Field[] {
  const options = listOf(json['anyOf']).map(asJson)
  if (options.length > 0) return options.flatMap(fieldsOf).map((field) => ({ ...field, isRequired: false }))
  const required = listOf(json['required'])
  return Object.entries(asJson(json['properties'])).map(([name, schema]) => ({
    name,
    schema: asJson(schema),
    isRequired: required.includes(name),
  }))
}

const hasFields = (schema: Json): boolean => Object.keys(asJson(schema['properties'])).length > 0

function splitDefault(description: string): { meaning: string; preset: string } {
  const match = /^(.*?)\s*\bDefault:? (.+)\.$/s.exec(description)
  return { meaning: match?.[1] ?? description, preset: match?.[2] ?? '' }
}

function wordTable(title: string, words: Record<string, string>): string {
  const rows = Object.entries(words).map(([word, meaning]) => `| ${word} | ${cell(meaning)} |`)
  return [`## ${title}`, '', '| word | meaning |', '|---|---|', ...rows].join('\n')
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ')
/** As GitHub makes them. */
const anchor = (title: string): string => title.toLowerCase().replace(/[^a-z0-9 _-]/g, '')
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null
const asJson = (value: unknown): Json => (isRecord(value) ? value : {})
