// Text for a terminal: tables with columns as wide as their cells, numbers to the right, and texts cut to a width.

export interface TableColumn {
  title: string
  right?: boolean
}

export function textTable(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, i) =>
    rows.reduce((widest, row) => Math.max(widest, widthOf(row[i] ?? '')), widthOf(title)),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => {
        const blanks = ' '.repeat(Math.max(0, (widths[i] ?? 0) - widthOf(cell)))
        return columns[i]?.right === true ? blanks + cell : cell + blanks
      })
      .join('  ')
      .trimEnd()
  return [
    line(columns.map(({ title }) => title)),
    line(widths.map((width) => '─'.repeat(width))),
    ...rows.map(line),
  ].join('\n')
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escapes are control characters
const COLOURS = /\u001b\[[0-9;]*m/g

/** Without the escapes of colours, which take no room; wide characters take two columns. */
const widthOf = (text: string): number => {
  let width = 0
  for (const character of text.replace(COLOURS, '')) width += columnsOf(character)
  return width
}

/** East Asian and emoji characters are twice as wide; marks that combine have no width. */
function columnsOf(character: string): number {
  if (character <= '~') return 1
  if (/^[\p{Mn}\p{Me}\p{Cf}]$/u.test(character)) return 0
  return /^[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\uFF01-\uFF60]$/u.test(
    character,
  )
    ? 2
    : 1
}

/** As much of a text as fits the width; colours are kept, and ended. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let [shown, room] = ['', Math.max(0, width - 1)]
  for (const [part] of text.matchAll(new RegExp(`${COLOURS.source}|.`, 'gsu'))) {
    const isColour = part.length > 1 && part.startsWith('\u001b')
    room -= isColour ? 0 : columnsOf(part)
    if (room < 0) break
    shown += part
  }
  return `${shown}${text.includes('\u001b') ? '\u001b[0m' : ''}…`
}

export const number = (value: number): string => value.toLocaleString('en-US')

/** `1 row`, `2,000 rows`. */
export const count = (value: number, what: string): string => `${number(value)} ${what}${value === 1 ? '' : 's'}`

export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let [size, unit] = [value, 0]
  while (size >= 1024 && unit < units.length - 1) [size, unit] = [size / 1024, unit + 1]
  return unit === 0 ? `${size} B` : `${size.toFixed(1)} ${units[unit]}`
}
