// Unpacks gzip files once, to see that they are whole: the engine takes what there is of a cut-off file for all of it.
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { Fault } from '../base/index.ts'
import type { ReadBytes } from './file-bytes.ts'

const BUFFER_BYTES = 256 * 1024
/** Unpacking runs on the few threads that the engine's queries need too. */
const AT_ONCE = 2

/** @returns the unpacked sizes, by file. @throws Fault invalid BrokenFile */
export async function gzipSizes(
  files: string[],
  readBytes: ReadBytes,
  signal: AbortSignal,
): Promise<Map<string, number>> {
  const sizes = new Map<string, number>()
  const waiting = files.filter((file) => file.endsWith('.gz')).values()
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const file of waiting) sizes.set(file, await unpackedSize(file, readBytes, signal))
    }),
  )
  return sizes
}

async function unpackedSize(file: string, readBytes: ReadBytes, signal: AbortSignal): Promise<number> {
  let bytes = 0
  const count = new Writable({
    write(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      done()
    },
  })
  try {
    await pipeline(readBytes(file, BUFFER_BYTES), createGunzip({ chunkSize: BUFFER_BYTES }), count, { signal })
    return bytes
  } catch (thrown) {
    if (signal.aborted || !(thrown instanceof Error) || thrown instanceof Fault) throw thrown
    throw new Fault({
      kind: 'invalid',
      code: 'BrokenFile',
      message: `cannot read file "${file}": it is no whole gzip file (${thrown.message}); get it anew, or take .gz off its name`,
      cause: thrown,
    })
  }
}
