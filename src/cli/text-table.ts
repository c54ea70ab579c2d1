// A table in plain text: columns as wide as their cells, numbers to the right.

export interface TableColumn {
  title: string
  right?: boolean
}

export function textTable(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...rows.map((row) => width(row[i] ?? ''))))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) =>
        columns[i]?.right === true
          ? ' '.repeat(Math.max(0, (widths[i] ?? 0) - width(cell))) + cell
          : cell + ' '.repeat(Math.max(0, (widths[i] ?? 0) - width(cell))),
      )
      .join('  ')
      .trimEnd()
  return [
    line(columns.map(({ title }) => title)),
    line(widths.map((length) => '─'.repeat(length))),
    ...rows.map(line),
  ].join('\n')
}

/** Without the escapes of colours. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escapes are control characters
const width = (text: string): number => [...text.replace(/\u001b\[[0-9;]*m/g, '')].length

export const number = (value: number): string => value.toLocaleString('en-US')

export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let [size, unit] = [value, 0]
  while (size >= 1024 && unit < units.length - 1) [size, unit] = [size / 1024, unit + 1]
  return unit === 0 ? `${size} B` : `${size.toFixed(1)} ${units[unit]}`
}
