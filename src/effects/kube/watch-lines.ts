// The lines of a watch: one JSON event each. A line that is none ends the watch, it is never skipped: skipping would lose a change.
import { ApiFault } from './api-fault.ts'
import type { KubeObject } from './resource.ts'

export type WatchEvent<T extends KubeObject> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; object: T }
  | { type: 'ERROR'; object: { code?: number; reason?: string; message?: string } }

/** @throws ApiFault BadWatchLine */
export async function* watchEvents<T extends KubeObject>(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<WatchEvent<T>> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') yield parseLine<T>(line)
  }
}

function parseLine<T extends KubeObject>(line: string): WatchEvent<T> {
  try {
    const event = JSON.parse(line)
    if (typeof event?.type === 'string' && typeof event.object === 'object') return event
  } catch {
    // falls through to the fault
  }
  throw new ApiFault({
    status: 0,
    code: 'BadWatchLine',
    message: `cannot read a watch: ${line.slice(0, 80)} is no event`,
  })
}
