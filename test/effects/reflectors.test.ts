// The operator's copies when it may look into some namespaces only.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type KubeApi, type KubeObject, type ListOptions, Reflectors } from '../../src/effects/index.ts'

/** Answers lists from what it holds; a watch says nothing, or that its version is too old where `expired` names its namespace. */
class Server {
  readonly listed: (string | undefined)[] = []
  readonly expired = new Set<string>()
  readonly names: Record<string, string[]>

  constructor(names: Record<string, string[]>) {
    this.names = names
  }

  async list(_resource: string, { namespace }: ListOptions) {
    this.listed.push(namespace)
    const namespaces = namespace === undefined ? Object.keys(this.names) : [namespace]
    const items = namespaces.flatMap((each) => (this.names[each] ?? []).map((name) => object(each, name)))
    return { items, metadata: { resourceVersion: '5' } }
  }

  async watch({ namespace = '' }: { namespace?: string }, _query: unknown, signal: AbortSignal) {
    const cut = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Error('cut'))))
    cut.catch(() => {})
    const tooOld = this.expired.delete(namespace)
    return (async function* () {
      if (tooOld) yield Buffer.from(`${JSON.stringify({ type: 'ERROR', object: { code: 410, reason: 'Expired' } })}\n`)
      await cut
    })()
  }
}

const object = (namespace: string, name: string): KubeObject => ({
  metadata: { namespace, name, uid: `${namespace}-${name}`, resourceVersion: '5' },
})

function reflect(server: Server, namespaces: string[]) {
  const changes: string[] = []
  const reflectors = new Reflectors({
    client: server as unknown as KubeApi,
    resource: 'ETLRun',
    namespaces,
    keep: (kept) => kept,
    onChange: ({ key, after }) => changes.push(`${after === undefined ? '-' : '+'}${key}`),
    random: () => 0.5,
    minWaitMs: 1,
    idleMs: 1000,
  })
  return { reflectors, changes }
}

it('lists the whole cluster where no namespace is named', async () => {
  const server = new Server({ a: ['x'], b: ['y'] })
  const { reflectors } = reflect(server, [])
  const stop = new AbortController()
  const running = reflectors.run(stop.signal)
  await reflectors.synced
  stop.abort()
  await running
  assert.deepEqual(server.listed, [undefined])
  assert.deepEqual([...reflectors.objects.keys()], ['a/x', 'b/y'])
})

it('lists each namespace that is named, once, and nothing else', async () => {
  const server = new Server({ a: ['x'], b: ['y'], c: ['z'] })
  const { reflectors } = reflect(server, ['a', 'b', 'a'])
  const stop = new AbortController()
  const running = reflectors.run(stop.signal)
  await reflectors.synced
  stop.abort()
  await running
  assert.deepEqual(server.listed.sort(), ['a', 'b'])
  assert.deepEqual([...reflectors.objects.keys()].sort(), ['a/x', 'b/y'])
  assert.equal(reflectors.health.objects, 2)
})

it('lists one namespace anew without losing what it knows of the others', async () => {
  const server = new Server({ a: ['x'], b: ['y'] })
  server.expired.add('a')
  const { reflectors, changes } = reflect(server, ['a', 'b'])
  const stop = new AbortController()
  const running = reflectors.run(stop.signal)
  await reflectors.synced
  server.names['a'] = ['new']
  while (server.listed.length < 3 || !changes.includes('+a/new')) await new Promise((resolve) => setTimeout(resolve, 1))
  stop.abort()
  await running
  assert.deepEqual([...changes].sort(), ['+a/new', '+a/x', '+b/y', '-a/x'])
})
