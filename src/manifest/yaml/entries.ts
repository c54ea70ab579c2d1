// The members of a YAML mapping as manifests see them: text keys, aliases followed, merge keys (`<<`) taken in.
import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from 'yaml'

export interface Entry {
  key: string
  keyNode: Scalar
  value: Node | null
}

/** Follows aliases, each looked up once. */
export class AliasTable {
  readonly #document: Document
  readonly #found = new Map<Alias, Node | undefined>()

  constructor(document: Document) {
    this.#document = document
  }

  /** The node itself, or what its alias stands for; undefined for an alias of nothing. */
  follow(node: Node | null): Node | null | undefined {
    if (node === null || !isAlias(node)) return node
    if (!this.#found.has(node)) this.#found.set(node, node.resolve(this.#document))
    return this.#found.get(node)
  }
}

const MERGE_KEY = '<<'
export const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null

/** The text of a key: as written when unquoted (`01`, `true`), the value when quoted; undefined for a key that is no scalar. */
export function keyText(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined
  if (typeof key.value === 'string') return key.value
  return key.source ?? String(key.value)
}

/** An unquoted `<<`. */
export const isMergeKey = (key: unknown): boolean => isScalar(key) && key.value === MERGE_KEY && key.type === 'PLAIN'

/**
 * The members of a mapping: its own, then those of its merge keys that it does not have itself. Keys that are no scalars
 * are left out (the reader reports them), of doubled keys the first stays.
 */
export function entriesOf(
  map: YAMLMap,
  aliases: AliasTable,
  seen: ReadonlySet<YAMLMap> = new Set(),
): Map<string, Entry> {
  const entries = new Map<string, Entry>()
  const merged: Node[] = []
  for (const { key: keyNode, value } of map.items) {
    if (isMergeKey(keyNode)) {
      if (isNode(value)) merged.push(value)
      continue
    }
    const key = keyText(keyNode)
    if (key === undefined || !isScalar(keyNode) || entries.has(key)) continue
    entries.set(key, { key, keyNode, value: isNode(value) ? value : null })
  }
  if (seen.has(map)) return entries
  for (const node of merged) {
    for (const source of mergeSources(node, aliases)) {
      for (const entry of entriesOf(source, aliases, new Set([...seen, map])).values())
        if (!entries.has(entry.key)) entries.set(entry.key, entry)
    }
  }
  return entries
}

function mergeSources(node: Node, aliases: AliasTable): YAMLMap[] {
  const target = aliases.follow(node)
  if (isMap(target)) return [target]
  if (!isSeq(target)) return []
  return target.items.flatMap((item) => {
    const source = isNode(item) ? aliases.follow(item) : undefined
    return isMap(source) ? [source] : []
  })
}
