// The engine's type texts as values, and back: `STRUCT("a b" INTEGER, c DECIMAL(10,2)[])`.
// Parsing then showing gives the engine's own text again, but for the quotes of field names, which are always there.
import { Fault } from '../../base/index.ts'
import { identifier, textLiteral } from '../../step/index.ts'

export type SqlType =
  /** Upper case: INTEGER, TIMESTAMP WITH TIME ZONE, … */
  | { kind: 'plain'; name: string }
  | { kind: 'decimal'; precision: number; scale: number }
  | { kind: 'list'; item: SqlType }
  | { kind: 'array'; item: SqlType; length: number }
  | { kind: 'map'; key: SqlType; value: SqlType }
  | { kind: 'struct' | 'union'; fields: { name: string; type: SqlType }[] }
  | { kind: 'enum'; values: string[] }

/** @throws Fault defect TypeTextUnknown for a text that the engine would not write */
export function parseSqlType(text: string): SqlType {
  const tokens = tokensOf(text)
  const parser = new TypeParser(tokens, text)
  const type = parser.type()
  if (!parser.atEnd()) throw parser.unexpected()
  return type
}

/** The type as the engine reads it. */
export function showSqlType(type: SqlType): string {
  switch (type.kind) {
    case 'plain':
      return type.name
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`
    case 'list':
      return `${showSqlType(type.item)}[]`
    case 'array':
      return `${showSqlType(type.item)}[${type.length}]`
    case 'map':
      return `MAP(${showSqlType(type.key)}, ${showSqlType(type.value)})`
    case 'struct':
    case 'union':
      return `${type.kind.toUpperCase()}(${type.fields.map((field) => `${identifier(field.name)} ${showSqlType(field.type)}`).join(', ')})`
    case 'enum':
      return `ENUM(${type.values.map(textLiteral).join(', ')})`
    default:
      return type satisfies never
  }
}

type Token = { kind: 'word' | 'name' | 'text' | 'mark'; value: string }

const TOKEN = /\s*(?:"((?:[^"]|"")*)"|'((?:[^']|'')*)'|([()[\],])|([^\s"'()[\],]+))/gy

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  for (const [, name, literal, mark, word] of text.matchAll(TOKEN)) {
    if (name !== undefined) tokens.push({ kind: 'name', value: name.replaceAll('""', '"') })
    else if (literal !== undefined) tokens.push({ kind: 'text', value: literal.replaceAll("''", "'") })
    else if (mark !== undefined) tokens.push({ kind: 'mark', value: mark })
    else tokens.push({ kind: 'word', value: word ?? '' })
  }
  return tokens
}

class TypeParser {
  readonly #tokens: Token[]
  readonly #text: string
  #at = 0

  constructor(tokens: Token[], text: string) {
    this.#tokens = tokens
    this.#text = text
  }

  type(): SqlType {
    let type = this.#base()
    while (this.#skip('[')) {
      if (this.#skip(']')) type = { kind: 'list', item: type }
      else {
        type = { kind: 'array', item: type, length: this.#number() }
        this.#expect(']')
      }
    }
    return type
  }

  atEnd(): boolean {
    return this.#at >= this.#tokens.length
  }

  unexpected(): Fault {
    return new Fault({
      kind: 'defect',
      code: 'TypeTextUnknown',
      message: `cannot read type "${this.#text}": part ${this.#at + 1} of it was not expected; cast the column to a plain type`,
    })
  }

  #base(): SqlType {
    const words = [this.#take('word', 'name').toUpperCase()]
    while (this.#tokens[this.#at]?.kind === 'word') words.push(this.#take('word').toUpperCase())
    const name = words.join(' ')
    if (!this.#skip('(')) return { kind: 'plain', name }
    const type = this.#withArguments(name)
    this.#expect(')')
    return type
  }

  #withArguments(name: string): SqlType {
    if (name === 'DECIMAL' || name === 'NUMERIC') {
      const precision = this.#number()
      return { kind: 'decimal', precision, scale: this.#skip(',') ? this.#number() : 0 }
    }
    if (name === 'STRUCT' || name === 'UNION')
      return { kind: name === 'STRUCT' ? 'struct' : 'union', fields: this.#commaSeparated(() => this.#field()) }
    if (name === 'ENUM') return { kind: 'enum', values: this.#commaSeparated(() => this.#take('text')) }
    if (name !== 'MAP') throw this.unexpected()
    const key = this.type()
    this.#expect(',')
    return { kind: 'map', key, value: this.type() }
  }

  #field(): { name: string; type: SqlType } {
    return { name: this.#take('word', 'name'), type: this.type() }
  }

  #commaSeparated<T>(one: () => T): T[] {
    const all = [one()]
    while (this.#skip(',')) all.push(one())
    return all
  }

  #number(): number {
    const text = this.#take('word')
    if (!/^[0-9]+$/.test(text)) throw this.unexpected()
    return Number(text)
  }

  #take(...kinds: Token['kind'][]): string {
    const token = this.#tokens[this.#at]
    if (token === undefined || !kinds.includes(token.kind)) throw this.unexpected()
    this.#at += 1
    return token.value
  }

  #skip(mark: string): boolean {
    const token = this.#tokens[this.#at]
    if (token?.kind !== 'mark' || token.value !== mark) return false
    this.#at += 1
    return true
  }

  #expect(mark: string): void {
    if (!this.#skip(mark)) throw this.unexpected()
  }
}
