// Time spans as table properties hold them: `interval 7 days`, `interval 1 week 2 hours`, or the same without the word.

const UNIT_MS: Record<string, number> = {
  nanosecond: 1e-6,
  microsecond: 1e-3,
  millisecond: 1,
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
}

/** Milliseconds; undefined for a text that is no such span (months and years have no fixed length). */
export function parseInterval(text: string): number | undefined {
  const words = text.trim().toLowerCase().split(/\s+/)
  if (words[0] === 'interval') words.shift()
  if (words.length === 0 || words.length % 2 !== 0) return undefined
  let total = 0
  for (let i = 0; i < words.length; i += 2) {
    const amount = words[i] ?? ''
    const unit = UNIT_MS[(words[i + 1] ?? '').replace(/s$/, '')]
    if (unit === undefined || !/^[0-9]+$/.test(amount)) return undefined
    total += Number(amount) * unit
  }
  return total
}
