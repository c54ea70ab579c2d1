// The reflector over thousands of objects, over an API server that is killed, and over hundreds of reconnections.
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connect, KubeClient, type KubeObject, Reflector } from '../../src/effects/index.ts'
import { type FaultProxy, startFaultProxy } from './bed/fault-proxy.ts'
import { type ControlPlane, type Kube, startControlPlane, until } from './bed/index.ts'
import { Mirror } from './support/mirror.ts'
import { pictureOf, Writer } from './support/writer.ts'

const PATH = '/api/v1/namespaces/default/configmaps'
const MANY = 5_000
const PAGE = 500
const CONFIG_MAPS = { resource: 'configmaps' } as const

let plane: ControlPlane

before(async () => {
  // Clients are asked to make a new connection as often as the API server can ask for it.
  plane = await startControlPlane({ apiServerFlags: ['--goaway-chance=0.02'] })
  const names = Array.from({ length: MANY }, (_, index) => `many-${index}`)
  const make = async () => {
    for (let name = names.pop(); name !== undefined; name = names.pop())
      await plane.api.create(PATH, { metadata: { name, labels: { many: 'yes' } }, data: { text: name.repeat(20) } })
  }
  await Promise.all(Array.from({ length: 32 }, make))
})

after(() => plane?.stop())

const truth = async () => pictureOf(await plane.api.list(`${PATH}?labelSelector=many%3Dyes`))

interface Mirrored extends AsyncDisposable {
  proxy: FaultProxy
  reflector: Reflector<KubeObject>
}

async function mirrorMany(
  labelSelector = 'many=yes',
  before: (proxy: FaultProxy) => void = () => {},
): Promise<Mirrored> {
  const proxy = await startFaultProxy(plane)
  before(proxy)
  const connection = connect({ kubeconfig: proxy.kubeconfig() })
  const stop = new AbortController()
  const reflector = new Reflector<KubeObject>({
    client: new KubeClient(connection),
    resource: 'ConfigMap',
    namespace: 'default',
    labelSelector,
    keep: ({ metadata }) => ({ metadata }),
    onChange: () => {},
    minWaitMs: 20,
    maxWaitMs: 500,
    random: Math.random,
  })
  const running = reflector.run(stop.signal)
  return {
    proxy,
    reflector,
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await running
      await connection.close()
      await proxy.stop()
    },
  }
}

async function shows({ reflector }: Mirrored): Promise<void> {
  const wanted = JSON.stringify(await truth())
  await until('all is shown', () => JSON.stringify(pictureOf(reflector.objects.values())) === wanted)
}

test('thousands of objects are listed in pages, and one page that fails costs one list more', async () => {
  await using mirror = await mirrorMany()
  const { proxy } = mirror
  await mirror.reflector.synced
  await shows(mirror)
  assert.equal(mirror.reflector.objects.size, MANY)
  assert.equal(proxy.count({ verb: 'list', ...CONFIG_MAPS }), MANY / PAGE)
  await using second = await mirrorMany('many=yes', (slow) => {
    slow.inject({ do: 'delayAnswer', ms: 100 }, { verb: 'list', times: 3 })
    slow.inject({ do: 'halfBody', cut: true }, { verb: 'list', times: 1 })
    slow.inject({ do: 'delayBody', ms: 100 }, { verb: 'list' })
  })
  await second.reflector.synced
  await shows(second)
  assert.equal(second.proxy.count({ verb: 'list', ...CONFIG_MAPS }), 4 + MANY / PAGE)
})

test('every request is answered by an API server that asks its clients to reconnect all the time', async () => {
  const connection = connect({ kubeconfig: plane.kubeconfig })
  const client = new KubeClient(connection)
  let asked = 0
  const ask = async () => {
    for (; asked < 800; asked++)
      await client.get({ resource: 'ConfigMap', namespace: 'default', name: `many-${asked}` })
  }
  await Promise.all(Array.from({ length: 16 }, ask))
  await connection.close()
})

test('a bookmark lets a watch that hears nothing else go on from where the server is, not from its list', async () => {
  await using mirror = await mirrorMany('many=never', (proxy) => {
    proxy.inject({ do: 'shortenWatch', seconds: 6 }, { verb: 'watch' })
  })
  await mirror.reflector.synced
  let changes = 0
  const versions = () =>
    mirror.proxy.requests
      .filter(({ verb }) => verb === 'watch')
      .map(({ query }) => Number(query.get('resourceVersion')))
  // the server sends a bookmark shortly before it ends a watch, of what it has seen by then
  const isLater = async () => {
    await plane.api.patch(`${PATH}/many-1`, { data: { later: String(++changes) } })
    return Math.max(...versions()) > Math.min(...versions())
  }
  await until('a watch begins later than the first', isLater, { seen: versions, everyMs: 500 })
  assert.equal(mirror.proxy.count({ verb: 'list' }), 1)
})

test('an API server that is killed and comes back costs two lists at most, and nothing is missed', async () => {
  const writer = new Writer(plane, Math.random)
  await using mirror = await Mirror.start(plane)
  writer.start()
  await until('there are writes', () => writer.written.length > 20)
  const mark = mirror.proxy.requests.length
  await plane.restartApiServer()
  const written = writer.written.length
  await until('there are writes again', () => writer.written.length > written + 20)
  await writer.stop()
  await mirror.shows(writer)
  const first = mirror.proxy.requests.slice(mark).filter(({ verb, query }) => verb === 'list' && !query.has('continue'))
  assert.ok(first.length <= 2, `${first.length} lists were begun`)
})

test('an API server that has forgotten the version of a watch costs exactly one list', async () => {
  const writer = new Writer(plane, Math.random)
  await using mirror = await Mirror.start(plane)
  const away = mirror.proxy.inject({ do: 'refuse', status: 503 }, { verb: 'watch' })
  mirror.proxy.cutWatches()
  writer.start()
  await until('there are writes', () => writer.written.length > 60)
  await writer.stop()
  await plane.restartApiServer()
  const mark = mirror.proxy.requests.length
  away.lift()
  await mirror.shows(writer)
  await until('the watch goes on', () => mirror.proxy.openWatches() > 0)
  assert.deepEqual(
    mirror.troubles.filter((code) => code === 'Expired'),
    ['Expired'],
  )
  assert.equal(
    mirror.proxy.requests.slice(mark).filter(({ verb, query }) => verb === 'list' && !query.has('continue')).length,
    1,
  )
})

test('etcd that is compacted while a list is read does not spoil the picture', async () => {
  await using mirror = await mirrorMany('many=yes', (proxy) => {
    proxy.inject({ do: 'delayAnswer', ms: 1 }, { verb: 'list', times: 3 })
    proxy.inject({ do: 'delayRequest', ms: 1_500 }, { verb: 'list', times: 1 })
  })
  await until('the list is under way', () => mirror.proxy.count({ verb: 'list' }) > 3)
  await plane.api.delete(`${PATH}/many-2`)
  const { metadata } = await plane.api.patch<Kube>(`${PATH}/many-3`, { data: { later: 'yes' } })
  await compactEtcd(metadata.resourceVersion ?? '')
  await mirror.reflector.synced
  await shows(mirror)
  const firstPages = mirror.proxy.requests.filter(({ verb, query }) => verb === 'list' && !query.has('continue'))
  assert.ok(firstPages.length <= 2, `${firstPages.length} lists were begun`)
})

/** As the API server does every five minutes. */
async function compactEtcd(revision: string): Promise<void> {
  const commands = plane.pids().map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
  const url = commands.map((command) => /--etcd-servers=(http[^\0]+)/.exec(command)?.[1]).find(Boolean)
  const answer = await fetch(`${url}/v3/kv/compaction`, {
    method: 'POST',
    body: JSON.stringify({ revision, physical: true }),
  })
  assert.equal(answer.status, 200, await answer.text())
}

test('hundreds of reconnections and relists leave memory as it was', async () => {
  const proxy = await startFaultProxy(plane)
  const child = fork(join(import.meta.dirname, 'support/reflector-child.ts'), [proxy.kubeconfig()], {
    execArgv: ['--expose-gc'],
  })
  try {
    const heapAfter = async (watches: number): Promise<number> => {
      await until(
        `${watches} watches were begun`,
        () => {
          proxy.cutWatches()
          return proxy.count({ verb: 'watch' }) >= watches
        },
        { everyMs: 5 },
      )
      await until('a watch is open', () => proxy.openWatches() > 0)
      const answer = new Promise((resolve) => child.once('message', resolve))
      child.send('heap')
      return Number(await answer)
    }
    await heapAfter(50)
    const relists = proxy.inject({ do: 'expireWatch', lines: 0 }, { verb: 'watch', times: 1 })
    const early = await heapAfter(100)
    const late = await heapAfter(300)
    relists.lift()
    const again = proxy.inject({ do: 'expireWatch', lines: 0 }, { verb: 'watch', times: 2 })
    const last = await heapAfter(320)
    assert.equal(again.met, 2)
    const grown = Math.max(late, last) - early
    assert.ok(grown < 3 * 2 ** 20, `the heap grew from ${early} to ${late} and ${last} bytes`)
  } finally {
    child.kill('SIGKILL')
    await proxy.stop()
  }
})
