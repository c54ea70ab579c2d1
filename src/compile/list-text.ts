// A list as one text, which is all that a command line has: `a,b`, `[a, b]`, `["with, comma", 'or this']`.

const ITEM = /\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|(?!\s*["'])([^,]*))\s*(,|$)/gsy

/** @returns the items as text, or why it is no list; the empty text is the empty list */
export function splitList(text: string): { items: string[] } | { why: string } {
  const trimmed = text.trim()
  const inner = /^\[(.*)\]$/s.exec(trimmed)?.[1] ?? trimmed
  const items: string[] = []
  if (inner.trim() === '') return { items }
  ITEM.lastIndex = 0
  for (;;) {
    const match = ITEM.exec(inner)
    if (match === null) return { why: `item ${items.length + 1}: after a closing quote comes a comma` }
    const [, double, single, plain, end] = match
    const item = double !== undefined ? unescaped(double) : (single?.replaceAll("''", "'") ?? plain?.trimEnd())
    if (item === undefined || (item === '' && plain !== undefined))
      return { why: `item ${items.length + 1} is empty; write "" for an empty text` }
    items.push(item)
    if (end === '') return { items }
  }
}

/** The escapes of JSON; any other character behind a backslash is itself. */
function unescaped(text: string): string {
  try {
    return String(JSON.parse(`"${text}"`))
  } catch {
    return text.replace(/\\(.)/gs, '$1')
  }
}
