// The bytes of a source's file, wherever it lies.
import { createReadStream } from 'node:fs'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { isObjectUri } from '../base/index.ts'
import type { StepContext } from '../step/index.ts'

/** @param highWaterMark bytes that are read at a time, at most */
export type ReadBytes = (file: string, highWaterMark: number) => Readable

export function bytesOf({ openStore }: Pick<StepContext, 'openStore'>): ReadBytes {
  return (file, highWaterMark) => {
    if (!isObjectUri(file)) return createReadStream(file, { highWaterMark })
    const store = openStore(dirname(file))
    return Readable.from(store.stream(file.slice(store.root.length + 1)), { objectMode: false })
  }
}
