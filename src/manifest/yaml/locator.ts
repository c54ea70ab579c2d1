// From a field path, and an offset into the field's text, back to the place in the file.
import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, type Scalar } from 'yaml'
import { afterSegment, type Path } from '../path.ts'
import type { Location } from '../problem.ts'
import { AliasTable, entriesOf, isNode } from './entries.ts'
import { scalarOffsets } from './scalar-offsets.ts'

export interface YamlSource {
  file: string
  text: string
  lines: LineCounter
  document: Document
}

interface Found {
  keyNode: Node | undefined
  node: Node | null | undefined
}

const STYLES = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_LITERAL: 'literal',
  BLOCK_FOLDED: 'folded',
} as const

/** Finds places in one document. Where a path leads to nothing, its nearest ancestor answers. */
export class Locator {
  readonly #source: YamlSource
  readonly #aliases: AliasTable

  constructor(source: YamlSource) {
    this.#source = source
    this.#aliases = new AliasTable(source.document)
  }

  /** The place of a value: a scalar's first character, a collection's key; with an offset, that character of the text. */
  value(path: string, offset?: number): Location {
    const { keyNode, node } = this.#find(path)
    const target = this.#aliases.follow(node ?? null)
    if (offset !== undefined && isScalar(target)) return this.at(this.#inScalar(target, offset))
    const isWritten = isAlias(node) || (isScalar(target) && startOf(target) !== target.range?.[1])
    const first = isWritten ? node : (keyNode ?? node)
    return this.at(startOf(first) ?? startOf(keyNode) ?? this.#start())
  }

  /** The place of the key of a path's last segment. */
  key(path: string): Location {
    const { keyNode, node } = this.#find(path)
    return this.at(startOf(keyNode) ?? startOf(node) ?? this.#start())
  }

  /** Line and column of an offset into the file's text. */
  at(offset: number): Location {
    const { line, col } = this.#source.lines.linePos(offset)
    return { file: this.#source.file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }

  #start(): number {
    return this.#source.document.contents?.range?.[0] ?? this.#source.document.range?.[0] ?? 0
  }

  #find(path: string): Found {
    const start: Found = { keyNode: undefined, node: this.#source.document.contents }
    return this.#descend(start, path)
  }

  /** Goes down as far as the path leads; names with dots are tried too, the way that leads to the end wins. */
  #descend(from: Found, path: string): Found {
    if (path === '') return from
    const node = this.#aliases.follow(from.node ?? null)
    let best: Found | undefined
    for (const [segment, found] of this.#members(node)) {
      const rest = afterSegment(path, segment)
      if (rest === undefined) continue
      if (rest === '') return found
      best ??= this.#descend(found, rest)
    }
    return best ?? from
  }

  *#members(node: Node | null | undefined): Generator<[Path[number], Found]> {
    if (isMap(node)) {
      for (const { key, keyNode, value } of entriesOf(node, this.#aliases).values())
        yield [key, { keyNode, node: value ?? undefined }]
    } else if (isSeq(node)) {
      for (const [index, item] of node.items.entries())
        yield [index, { keyNode: undefined, node: isNode(item) ? item : null }]
    }
  }

  #inScalar(node: Scalar, offset: number): number {
    const { range } = node
    if (!range) return 0
    const style = STYLES[node.type as keyof typeof STYLES]
    if (style === undefined || typeof node.value !== 'string') return range[0]
    const source = this.#source.text.slice(range[0], range[1])
    const offsets = scalarOffsets({ style, source, value: node.value })
    return range[0] + (offsets?.[Math.min(offset, offsets.length - 1)] ?? 0)
  }
}

const startOf = (node: Node | null | undefined): number | undefined => node?.range?.[0]
