// The lines of a watch: one JSON event each. A line that is none ends the watch, it is never skipped: skipping would lose a change.
// A last line without its end is none: the watch that follows tells it again.
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
    const event: unknown = JSON.parse(line)
    if (isEvent<T>(event)) return event
  } catch {
    // falls through to the fault
  }
  throw new ApiFault({
    status: 0,
    code: 'BadWatchLine',
    message: `cannot read a watch: ${line.slice(0, 80)} is no event`,
  })
}

/** With all that a copy of the objects is kept by: where the watch stands, and which object it is about. */
function isEvent<T extends KubeObject>(value: unknown): value is WatchEvent<T> {
  if (!isObject(value) || !isObject(value['object'])) return false
  if (value['type'] === 'ERROR') return true
  const { metadata } = value['object']
  if (!isObject(metadata) || typeof metadata['resourceVersion'] !== 'string') return false
  if (value['type'] === 'BOOKMARK') return true
  const isChange = value['type'] === 'ADDED' || value['type'] === 'MODIFIED' || value['type'] === 'DELETED'
  return isChange && typeof metadata['name'] === 'string'
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
