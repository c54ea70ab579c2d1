// From YAML nodes to plain JSON values. Nothing is lost on the way: integers beyond 2^53 stay as the text of their digits,
// dates stay text, keys are text. What JSON cannot hold, or kubectl would read otherwise, is reported.
import { type Document, isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from 'yaml'
import type { Finding } from '../finding.ts'
import type { Path } from '../path.ts'
import { otherReading } from './ambiguous.ts'
import { AliasTable, entriesOf, isMergeKey, isNode, keyText } from './entries.ts'

/** Aliases of aliases can make a small file huge; no lawful manifest comes near this. */
const MAX_VALUES = 1_000_000

export interface ReadResult {
  value: unknown
  findings: Finding[]
}

/** The value of a document whose text has no syntax errors, and what is odd about it. */
export function readDocument(document: Document): ReadResult {
  const reader = new Reader(document)
  const value = reader.read(document.contents, [])
  return { value, findings: reader.findings }
}

class Reader {
  readonly findings: Finding[] = []
  readonly #aliases: AliasTable
  readonly #open = new Set<Node>()
  #count = 0

  constructor(document: Document) {
    this.#aliases = new AliasTable(document)
  }

  read(source: Node | null, path: Path): unknown {
    const node = this.#aliases.follow(source)
    if (node === undefined) return this.#refuse(path, 'the alias stands for no anchor', 'define the anchor before it')
    if (node === null) return null
    this.#count += 1
    if (this.#count === MAX_VALUES)
      this.#refuse(path, `the aliases make more than ${MAX_VALUES} values`, 'use fewer aliases')
    if (this.#count >= MAX_VALUES) return null
    if (isScalar(node)) return this.#scalar(node, path)
    if (this.#open.has(node)) return this.#refuse(path, 'the alias lies inside of what it stands for', 'write it out')
    this.#open.add(node)
    const value = isMap(node) ? this.#map(node, path) : isSeq(node) ? this.#list(node.items, path) : null
    this.#open.delete(node)
    return value
  }

  #list(items: unknown[], path: Path): unknown[] {
    return items.map((item, index) => this.read(isNode(item) ? item : null, [...path, index]))
  }

  #map(map: YAMLMap, path: Path): Record<string, unknown> {
    this.#checkKeys(map, path)
    const object: Record<string, unknown> = {}
    for (const { key, keyNode, value } of entriesOf(map, this.#aliases).values()) {
      const at = [...path, key]
      this.#warnIfAmbiguous(keyNode, at, true)
      const read = this.read(value, at)
      if (key === '__proto__')
        this.#find({
          code: 'InvalidValue',
          path: at,
          atKey: true,
          message: '"__proto__" cannot be a name',
          hint: 'choose another name',
        })
      else object[key] = read
    }
    return object
  }

  #checkKeys(map: YAMLMap, path: Path): void {
    const seen = new Set<string>()
    for (const { key } of map.items) {
      if (isMergeKey(key)) continue
      const text = keyText(key)
      if (text === undefined) {
        this.#refuse(path, 'a key is a list or a mapping', 'use a text as key')
        continue
      }
      if (seen.has(text))
        this.#find({
          code: 'DuplicateKey',
          path: [...path, text],
          ...(isScalar(key) && key.range ? { offset: key.range[0] } : {}),
          message: `the key "${text}" occurs twice`,
          hint: 'remove one of the two',
        })
      seen.add(text)
    }
  }

  #scalar(node: Scalar, path: Path): unknown {
    this.#warnIfAmbiguous(node, path, false)
    const { value } = node
    if (typeof value === 'bigint') return this.#integer(value, path)
    if (typeof value === 'number' && !Number.isFinite(value)) {
      this.#find({
        code: 'InvalidValue',
        path,
        message: `${node.source ?? value} is not a finite number`,
        hint: 'quote it if it is a text',
      })
      return 0
    }
    return value
  }

  #integer(value: bigint, path: Path): number | string {
    if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) return Number(value)
    this.#find({
      code: 'BigInteger',
      severity: 'warning',
      path,
      message: `${value} has more digits than JSON numbers keep everywhere; it is read as a text`,
      hint: `quote it: "${value}"`,
    })
    return String(value)
  }

  #warnIfAmbiguous(node: Scalar, path: Path, atKey: boolean): void {
    if (node.type !== 'PLAIN' || node.source === undefined) return
    const other = otherReading(node.source)
    if (other === undefined) return
    const here = typeof node.value === 'string' || atKey ? 'a text' : `the number ${node.value}`
    this.#find({
      code: 'AmbiguousYaml',
      severity: 'warning',
      path,
      atKey,
      message: `${node.source} without quotes is ${here} here, but ${other} for kubectl`,
      hint: `quote it: "${node.source}"${typeof node.value === 'string' || atKey ? '' : ', or write the number in decimal'}`,
    })
  }

  #refuse(path: Path, message: string, hint: string): null {
    this.#find({ code: 'YamlSyntax', path, message, hint })
    return null
  }

  #find(finding: Finding): void {
    this.findings.push(finding)
  }
}
