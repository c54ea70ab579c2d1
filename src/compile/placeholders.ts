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
  type TemplateError,
  type TypedValue,
} from '../plan/index.ts'
import { type Findings, listed } from './findings.ts'
import { inPathOf, isSameWay, unsafeInPath } from './path-text.ts'
import { parseSqlTemplate } from './sql-placeholders.ts'

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

  /** An SQL text with placeholders that an engine will render as literals. */
  sql(source: string, path: Path): Template {
    const { template, errors, misplaced } = parseSqlTemplate(source)
    this.#check(template, errors, path)
    for (const { placeholder, why } of misplaced) {
      this.used.add(placeholder.param)
      this.#findings.error('MisplacedPlaceholder', path, {
        message: `$(params.${placeholder.param}) is a value of its own, but ${why}`,
        hint: `write it without quotes and apart; put texts together with || ('a' || $(params.${placeholder.param}))`,
        offset: placeholder.start,
      })
    }
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
      return inPathOf(source, value ?? '')
    })
    if (unsafe.length > 0) return undefined
    // values that are harmless alone may make a `..`, or a URI, together with what stands beside them
    if (isSameWay(text, renderTemplate(template, () => 'x').text)) return text
    this.#findings.error('UnsafePathValue', path, {
      message: `the params make "${text}", which goes to another folder`,
      hint: 'give values that are more than dots; folders belong into the path itself',
    })
    return undefined
  }

  /** A text that is just one placeholder stands for the param's value; other text, and anything else, for itself. */
  value(given: unknown, path: Path): { value: TypedValue | undefined } | { literal: unknown } {
    if (typeof given !== 'string') return { literal: given }
    const { template, lawful } = this.#parse(given, path)
    if (!lawful) return { value: undefined }
    const [first, ...others] = template.parts
    if (template.parts.every((part) => 'text' in part))
      return { literal: template.parts.map((part) => ('text' in part ? part.text : '')).join('') }
    if (first === undefined || 'text' in first || others.length > 0) {
      this.#findings.error('InvalidPlaceholder', path, {
        message: 'a placeholder in a value must be the whole value',
        hint: 'give just $(params.NAME), or put the text together in SQL',
      })
      return { value: undefined }
    }
    if (first.filter !== undefined)
      this.#findings.error('FilterNotAllowed', path, {
        message: `filter "${first.filter}" is only for paths`,
        hint: 'leave the filter out',
        offset: first.start,
      })
    return { value: this.#valueOf(first.param) }
  }

  #valueOf(param: string): TypedValue | undefined {
    return Object.hasOwn(this.#values, param) ? this.#values[param] : undefined
  }

  #parse(source: string, path: Path): { template: Template; lawful: boolean } {
    const { template, errors } = parseTemplate(source)
    return { template, lawful: this.#check(template, errors, path) }
  }

  /** @returns whether all of it is lawful */
  #check(template: Template, errors: TemplateError[], path: Path): boolean {
    let lawful = errors.length === 0
    for (const { expression, start, reason } of errors) {
      this.#findings.error('InvalidPlaceholder', path, {
        message: `${expression} is no placeholder: ${reason}`,
        hint: 'write $(params.NAME), or $$( for the characters themselves',
        offset: start,
      })
    }
    for (const part of template.parts) if (!('text' in part) && !this.#checkOne(part, path)) lawful = false
    return lawful
  }

  #checkOne({ param, filter, start }: Placeholder, path: Path): boolean {
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
    const value = this.#valueOf(param)
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
      hint: 'give another value; folders belong into the path itself',
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
