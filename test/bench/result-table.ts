// The one table that `make bench` prints, and the sentence about where we lose.

export interface Measured {
  what: string
  /** How seconds are shown. */
  unit: 's' | 'ms'
  /** Seconds. */
  ours: number
  peers: Readonly<Record<string, number>>
  /** What is promised, and whether it was met. */
  target?: { text: string; met: boolean }
}

const HEAD = ['what', 'ours', 'peer', 'its time', 'ours / peer', 'target', 'met']

/** A Markdown table: one line for each peer of each measurement. */
export function resultTable(results: readonly Measured[]): string {
  const lines = results.flatMap(({ what, unit, ours, peers, target }) =>
    Object.entries(peers).map(([peer, time], i) => [
      i === 0 ? what : '',
      i === 0 ? shown(ours, unit) : '',
      peer,
      shown(time, unit),
      (ours / time).toFixed(2),
      i === 0 ? (target?.text ?? '') : '',
      i === 0 && target !== undefined ? (target.met ? 'yes' : 'NO') : '',
    ]),
  )
  const widths = HEAD.map((head, i) => Math.max(head.length, ...lines.map((line) => line[i]?.length ?? 0)))
  const row = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  return [row(HEAD), row(widths.map((width) => '-'.repeat(width))), ...lines.map(row)].join('\n')
}

/** Says where a peer was faster, and which targets were missed. */
export function whereWeLose(results: readonly Measured[]): string {
  const slower = results.flatMap(({ what, ours, peers }) =>
    Object.entries(peers)
      .filter(([, time]) => ours > time)
      .map(([peer, time]) => `${peer} is ${(ours / time).toFixed(2)} × as fast at: ${what}`),
  )
  const missed = results.filter(({ target }) => target?.met === false).map(({ what }) => `target missed: ${what}`)
  const all = [...slower, ...missed]
  return all.length === 0 ? 'We lose nowhere.' : `Where we lose:\n${all.map((line) => `- ${line}`).join('\n')}`
}

const shown = (seconds: number, unit: 's' | 'ms'): string =>
  unit === 's' ? `${seconds.toFixed(2)} s` : `${(seconds * 1000).toFixed(1)} ms`
