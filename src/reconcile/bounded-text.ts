// Texts of others (containers, nodes, the API server) as they may stand in a status: lawful characters, a bounded size.

/** Control characters (new lines stay) and lone halves of surrogate pairs. */
const UNLAWFUL = /[[\p{Cc}\p{Cs}]--\n]/gv

/** @param bytes that the text may take as UTF-8 in JSON; what is cut ends in `…` */
export function boundedText(text: string, bytes: number): string {
  // No character takes less than one byte: what lies beyond could not stay anyway.
  const clean = text.slice(0, bytes + 1).replace(UNLAWFUL, ' ')
  if (bytesOf(clean) <= bytes) return clean
  let [fits, tooLong] = [0, clean.length]
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1
    if (bytesOf(clean.slice(0, middle)) + ELLIPSIS_BYTES <= bytes) fits = middle
    else tooLong = middle
  }
  return `${clean.slice(0, fits).replace(/[\ud800-\udbff]$/, '')}…`
}

const ELLIPSIS_BYTES = 3

const bytesOf = (text: string): number => Buffer.byteLength(JSON.stringify(text)) - 2
