// The first lines of a file, unpacked when its name says gzip.
import { createGunzip } from 'node:zlib'
import type { ReadBytes } from './file-bytes.ts'

const ENOUGH_BYTES = 65_536

/** The text (as bytes, whatever its encoding) up to the end of the n-th line; what is there when it has fewer. */
export async function firstLines(file: string, lines: number, readBytes: ReadBytes): Promise<string> {
  const raw = readBytes(file, ENOUGH_BYTES)
  const stream = file.endsWith('.gz') ? raw.pipe(createGunzip()) : raw
  raw.on('error', (error) => stream.destroy(error))
  let text = ''
  try {
    for await (const chunk of stream) {
      text += (chunk as Buffer).toString('latin1')
      const end = endOfLine(text, lines)
      if (end !== undefined) return text.slice(0, end)
      if (text.length >= ENOUGH_BYTES) break
    }
    return text
  } finally {
    raw.destroy()
  }
}

function endOfLine(text: string, lines: number): number | undefined {
  let end = 0
  for (let i = 0; i < lines; i++) {
    const next = text.indexOf('\n', end)
    if (next < 0) return undefined
    end = next + 1
  }
  return end
}
