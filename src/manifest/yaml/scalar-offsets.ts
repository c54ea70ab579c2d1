// Where each character of a scalar's value stands in the file: right for block scalars, folding, escapes and CRLF.
// Invariant: the answer has one source offset per UTF-16 unit of the value and one for its end, or there is no answer
// (the rebuilt value is compared with the parser's, so a wrong answer can not be given).

/** The value rebuilt from its source text, and the source offset of each of its UTF-16 units. */
class Rebuilt {
  text = ''
  readonly offsets: number[] = []
  add(piece: string, offset: number, advance: 0 | 1 = 1): void {
    for (let i = 0; i < piece.length; i++) this.offsets.push(offset + i * advance)
    this.text += piece
  }
}

export interface ScalarSource {
  style: 'plain' | 'single' | 'double' | 'literal' | 'folded'
  /** The scalar's source, from its first character (quote, `|`, `>`) to its last. */
  source: string
  value: string
}

/** Offsets into `source`, or undefined when the value does not follow from the source. */
export function scalarOffsets({ style, source, value }: ScalarSource): number[] | undefined {
  const rebuilt =
    style === 'literal' || style === 'folded'
      ? rebuildBlock(source, value, style === 'folded')
      : rebuildFlow(source, style)
  if (rebuilt.text !== value) return undefined
  return [...rebuilt.offsets, (rebuilt.offsets.at(-1) ?? 0) + 1]
}

const ESCAPES: Record<string, string> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  N: '\u0085',
  _: '\u00a0',
  L: '\u2028',
  P: '\u2029',
}
const HEX_DIGITS: Record<string, number> = { x: 2, u: 4, U: 8 }

function rebuildFlow(source: string, style: 'plain' | 'single' | 'double'): Rebuilt {
  const out = new Rebuilt()
  const end = style === 'plain' ? source.length : source.length - 1
  let at = style === 'plain' ? 0 : 1
  while (at < end) {
    const char = source.charAt(at)
    if (char === '\n' || (char === '\r' && source.charAt(at + 1) === '\n')) at = foldFlow(source, at, out)
    else if (style === 'double' && char === '\\') at = readEscape(source, at, out)
    else if (style === 'single' && char === "'") {
      out.add("'", at)
      at += 2
    } else {
      out.add(char, at)
      at += 1
    }
  }
  return out
}

/** A line break in a flow scalar: one becomes a space, k + 1 become k line feeds; white space around them goes. */
function foldFlow(source: string, at: number, out: Rebuilt): number {
  const [breaks = ''] = /^(?:[ \t]*\r?\n)+[ \t]*/.exec(source.slice(at)) ?? []
  const count = breaks.split('\n').length - 1
  // White space that an escape made (`\t` at the end of a line) stays: it has no raw blank in the source.
  while (/[ \t]$/.test(out.text) && /[ \t]/.test(source.charAt(out.offsets.at(-1) ?? 0))) {
    out.text = out.text.slice(0, -1)
    out.offsets.pop()
  }
  out.add(count === 1 ? ' ' : '\n'.repeat(count - 1), at, 0)
  return at + breaks.length
}

function readEscape(source: string, at: number, out: Rebuilt): number {
  const [continuation] = /^\\\r?\n(?:[ \t]*\r?\n)*[ \t]*/.exec(source.slice(at)) ?? []
  if (continuation !== undefined) {
    const blankLines = continuation.split('\n').length - 2
    out.add('\n'.repeat(blankLines), at, 0)
    return at + continuation.length
  }
  const letter = source.charAt(at + 1)
  const digits = HEX_DIGITS[letter]
  if (digits !== undefined) {
    const code = Number.parseInt(source.slice(at + 2, at + 2 + digits), 16)
    out.add(code <= 0x10ffff ? String.fromCodePoint(code) : '', at, 0)
    return at + 2 + digits
  }
  out.add(ESCAPES[letter] ?? letter, at, 0)
  return at + 2
}

interface BlockLine {
  /** Without indentation and line end. */
  text: string
  offset: number
}

function rebuildBlock(source: string, value: string, folded: boolean): Rebuilt {
  const headerEnd = source.indexOf('\n') + 1
  const out = new Rebuilt()
  if (headerEnd === 0) return out
  const lines = blockLines(source, headerEnd, value)
  let previous: BlockLine | undefined
  let blanks = 0
  for (const line of lines) {
    if (line.text === '') {
      blanks += 1
      continue
    }
    out.add(lineBreaks(previous, line, { blanks, folded }), Math.max(line.offset - 1, 0), 0)
    out.add(line.text, line.offset)
    previous = line
    blanks = 0
  }
  // Chomping is read off the value: what is left of it can only be line feeds.
  const rest = value.slice(out.text.length)
  if (/^\n*$/.test(rest)) out.add(rest, source.length, 0)
  return out
}

function lineBreaks(
  previous: BlockLine | undefined,
  line: BlockLine,
  { blanks, folded }: { blanks: number; folded: boolean },
): string {
  if (previous === undefined) return '\n'.repeat(blanks)
  const indented = /^[ \t]/.test(previous.text) || /^[ \t]/.test(line.text)
  if (!folded || indented) return '\n'.repeat(blanks + 1)
  return blanks === 0 ? ' ' : '\n'.repeat(blanks)
}

/** The lines of a block scalar without their indentation, which is found by trying: the deepest one that fits the value. */
function blockLines(source: string, headerEnd: number, value: string): BlockLine[] {
  const firstContent = /[^\n]/.exec(value)
  const raw: BlockLine[] = []
  let offset = headerEnd
  for (const text of source.slice(headerEnd).split('\n')) {
    raw.push({ text: text.replace(/\r$/, ''), offset })
    offset += text.length + 1
  }
  const firstLine = raw.find((line) => line.text.trim() !== '')
  const indent = indentation(source, firstLine, firstContent === null ? '' : value.slice(firstContent.index))
  return raw.map(({ text, offset: at }) => ({ text: text.slice(indent), offset: at + Math.min(indent, text.length) }))
}

function indentation(source: string, firstLine: BlockLine | undefined, content: string): number {
  if (firstLine === undefined) return source.length
  const spaces = /^ */.exec(firstLine.text)?.[0].length ?? 0
  const explicit = /^[|>][+-]?[1-9]/.test(source)
  if (!explicit) return spaces
  // With an indicator the first line may start with spaces of its own: they are those that the value starts with.
  return spaces - (/^ */.exec(content)?.[0].length ?? 0)
}
