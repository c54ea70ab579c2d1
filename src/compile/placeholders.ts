// Placeholders of one pipeline: parsed, checked against the declared params, and rendered where compile itself renders
// (paths, partition values). What stands in SQL is rendered later, as literals of the engine's dialect.
import { didYouMean } from '../base/index.ts'
import type { ParamSpec, Path } from '../manifest/index.ts'
import {
  PATH_FILTERS,
  type ParamValues,
  type Placeholder,
  parseTemplate,
  renderTemplate,
  type Template,
  type TypedValue,
} from '../plan/index.ts'
import { type Findings, listed } from './findings.ts'

const FILTER_NAMES = Object.keys(PATH_FILTERS)

export class Placeholders {
  /** Params that something uses. */
  readonly used = new Set<string>()
  readonly #specs: Record<string, ParamSpec>
  readonly #values: ParamValues
  readonly #findings: Findings

  constructor(specs: Record<string, ParamSpec>, values: ParamValues, findings: Findings) {
    this.#specs = specs
    this.#values = values
    this.#findings = findings
  }

  /** A text with placeholders that an engine will render. */
  template(source: string, path: Path): Template {
    const { template } = this.#parse(source, path)
    for (const part of template.parts) {
      if ('text' in part || part.filter === undefined) continue
      this.#findings.error('FilterNotAllowed', path, {
        message: `filter "${part.filter}" is only for paths`,
        hint: 'leave the filter out and use an SQL function',
        offset: part.start,
      })
    }
    return template
  }

  /** A path, rendered. Undefined when it can't be: a problem has been reported. */
  path(source: string, path: Path): string | undefined {
    const { template, lawful } = this.#parse(source, path)
    if (!lawful) return undefined
    const unsafe: Placeholder[] = []
    const { text } = renderTemplate(template, (placeholder) => {
      const value = this.#pathText(placeholder, path)
      if (value === undefined) unsafe.push(placeholder)
      return value ?? ''
    })
    return unsafe.length === 0 ? text : undefined
  }

  /** A text that is just one placeholder stands for the param's value; other text, and anything else, for itself. */
  value(given: unknown, path: Path): { value: TypedValue | undefined } | { literal: unknown } {
    if (typeof given !== 'string') return { literal: given }
    const { template, lawful } = this.#parse(given, path)
    const [first, second] = template.parts
    if (first === undefined || 'text' in first) {
      if (template.parts.some((part) => !('text' in part))) this.#notAlone(path)
      return { literal: template.parts.map((part) => ('text' in part ? part.text : '')).join('') }
    }
    if (second !== undefined) {
      this.#notAlone(path)
      return { value: undefined }
    }
    if (first.filter !== undefined)
      this.#findings.error('FilterNotAllowed', path, {
        message: `filter "${first.filter}" is only for paths`,
        hint: 'leave the filter out',
        offset: first.start,
      })
    return { value: lawful ? this.#values[first.param] : undefined }
  }

  #notAlone(path: Path): void {
    this.#findings.error('InvalidPlaceholder', path, {
      message: 'a placeholder in a value must be the whole value',
      hint: 'give just $(params.NAME), or put the text together in SQL',
    })
  }

  #parse(source: string, path: Path): { template: Template; lawful: boolean } {
    const { template, errors } = parseTemplate(source)
    let lawful = errors.length === 0
    for (const { expression, start, reason } of errors) {
      this.#findings.error('InvalidPlaceholder', path, {
        message: `${expression} is no placeholder: ${reason}`,
        hint: 'write $(params.NAME), or $$( for the characters themselves',
        offset: start,
      })
    }
    for (const part of template.parts) if (!('text' in part) && !this.#check(part, path)) lawful = false
    return { template, lawful }
  }

  #check({ param, filter, start }: Placeholder, path: Path): boolean {
    this.used.add(param)
    const declared = Object.keys(this.#specs)
    if (!Object.hasOwn(this.#specs, param)) {
      const known = declared.length === 0 ? 'the pipeline declares none' : `declared are ${listed(declared)}`
      this.#findings.error('UnknownParamField', path, {
        message: `there is no param "${param}"${didYouMean(param, declared)}`,
        hint: `declare it in spec.params; ${known}`,
        offset: start,
      })
      return false
    }
    if (filter === undefined || Object.hasOwn(PATH_FILTERS, filter)) return true
    this.#findings.error('UnknownFilter', path, {
      message: `there is no filter "${filter}"${didYouMean(filter, FILTER_NAMES)}`,
      hint: `use one of ${listed(FILTER_NAMES)}`,
      offset: start,
    })
    return false
  }

  #pathText({ param, filter, start }: Placeholder, path: Path): string | undefined {
    const value = this.#values[param]
    if (value === undefined) return undefined // missing or wrong: reported already
    if (value.type === 'list' || value.type === 'null') {
      this.#findings.error('UnsafePathValue', path, {
        message: `param "${param}" is a list, which can't be part of a path`,
        hint: 'use a param with a single value',
        offset: start,
      })
      return undefined
    }
    if (filter !== undefined && value.type !== 'date' && value.type !== 'timestamp') {
      this.#findings.error('FilterNotAllowed', path, {
        message: `filter "${filter}" needs a date or timestamp, but param "${param}" is of type ${value.type}`,
        hint: 'leave the filter out',
        offset: start,
      })
      return undefined
    }
    const text = filtered(String(value.value), filter)
    const why = unsafeInPath(text)
    if (why === undefined) return text
    this.#findings.error('UnsafePathValue', path, {
      message: `param "${param}" can't be part of a path: ${why}`,
      hint: 'give a value without slashes and ..; folders belong into the path itself',
      offset: start,
    })
    return undefined
  }
}

function filtered(text: string, filter: string | undefined): string {
  if (filter === 'year') return text.slice(0, 4)
  if (filter === 'year-month') return text.slice(0, 7)
  return filter === 'date' ? text.slice(0, 10) : text
}

function unsafeInPath(text: string): string | undefined {
  if (text === '') return 'it is empty'
  if (/[/\\]/.test(text)) return 'it holds a slash'
  if (text.includes('..')) return 'it holds ..'
  return text.includes('\0') ? 'it holds a NUL character' : undefined
}
