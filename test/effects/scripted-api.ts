// An API of which tests say what each list and each watch brings, in order. Whatever else is asked for fails the test.
import type { KubeApi, KubeObject, ObjectList } from '../../src/effects/index.ts'

type ListScript = () => ObjectList<KubeObject>
/** What one watch brings; it ends when the generator does, and is told the query and the signal. */
type WatchScript = (query: Record<string, string>, signal: AbortSignal) => AsyncIterable<Uint8Array>

export class ScriptedApi implements KubeApi {
  readonly lists: ListScript[]
  readonly watches: WatchScript[]
  readonly asked: string[] = []

  /** After the scripts are used up the last of each goes on for ever. */
  constructor(script: { lists: ListScript[]; watches: WatchScript[] }) {
    this.lists = script.lists
    this.watches = script.watches
  }

  list<T extends KubeObject>(): Promise<ObjectList<T>> {
    const script = this.lists.length > 1 ? this.lists.shift() : this.lists[0]
    this.asked.push('list')
    return Promise.resolve().then(() => script?.() as ObjectList<T>)
  }

  watch(_place: unknown, query: Record<string, string>, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const script = this.watches.length > 1 ? this.watches.shift() : this.watches[0]
    this.asked.push(`watch ${query['resourceVersion']}`)
    return Promise.resolve().then(() => script?.(query, signal) ?? forever(signal))
  }

  get = unexpected
  create = unexpected
  replace = unexpected
  mergePatch = unexpected
  delete = unexpected
}

function unexpected(): never {
  throw new Error('the script has no answer to this')
}

export const object = (name: string, version: number, uid = name): KubeObject => ({
  metadata: { namespace: 'default', name, uid, resourceVersion: String(version) },
})

export const listOf = (version: number, ...items: KubeObject[]): ObjectList<KubeObject> => ({
  items,
  metadata: { resourceVersion: String(version) },
})

export const line = (type: string, of: object): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify({ type, object: of })}\n`)

export const bookmark = (version: number): Uint8Array =>
  line('BOOKMARK', { metadata: { resourceVersion: String(version) } })

export const expired = (): Uint8Array =>
  line('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' })

/** Silent until it is aborted, as a watch of things that do not change. */
export async function* forever(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  await new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  yield new Uint8Array()
}
