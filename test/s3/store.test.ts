// The store itself, against a real server, through a network that fails.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { Fault } from '../../src/base/index.ts'
import { openS3Store, S3Connection } from '../../src/formats/index.ts'
import type { ObjectStore } from '../../src/step/index.ts'
import { type FaultProxy, type Mishap, startProxy } from './bed/proxy.ts'
import { BUCKET, KEYS, type S3Server, startS3Server } from './bed/server.ts'

let server: S3Server
let proxy: FaultProxy

before(async () => {
  Object.assign(process.env, KEYS)
  server = await startS3Server()
  proxy = await startProxy(server.endpoint)
})
beforeEach(() => {
  proxy.mishap = () => undefined
  proxy.exchanges.length = 0
})
after(async () => {
  await proxy.stop()
  await server.stop()
})

let stores = 0
/** Impatient, and below a key of its own. */
function aStore({
  endpoint = proxy.endpoint,
  bucket = BUCKET,
  key = `store-${++stores}/t`,
  timeoutMs = 20_000,
} = {}): ObjectStore {
  const connection = new S3Connection(
    { endpoint, region: 'us-east-1', pathStyle: true, credentialsSecret: null },
    { timeoutMs, tries: 3 },
  )
  return openS3Store(`s3://${bucket}/${key}`, connection)
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (found: Uint8Array | undefined): string | undefined => found && new TextDecoder().decode(found)

/** The n-th request of a kind, and no other, meets it. */
function only(mishap: Mishap, { method, times = 1 }: { method: string; times?: number }): void {
  let left = times
  proxy.mishap = (exchange) => (exchange.method === method && left-- > 0 ? mishap : undefined)
}

const faultOf = async (work: Promise<unknown>): Promise<Fault> => {
  const thrown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(thrown instanceof Fault, `no fault but ${String(thrown)}`)
  for (const secret of Object.values(KEYS)) assert.ok(!JSON.stringify([thrown.message, thrown.stack]).includes(secret))
  return thrown
}

describe('an S3 store', () => {
  it('gives back what was put, under any name', async () => {
    const store = aStore()
    const names = ['a', '_delta_log/0.json', 'p=a%20b/ü+x&y=z.parquet', "it's/a b/c?d#e"]
    for (const name of names) await store.put(name, bytes(name))
    for (const name of names) assert.equal(text(await store.get(name)), name)
    assert.deepEqual(
      (await store.list('')).map(({ path }) => path),
      names.toSorted(),
    )
    const streamed: Uint8Array[] = []
    for await (const chunk of store.stream(names[3] ?? '')) streamed.push(chunk)
    assert.equal(Buffer.concat(streamed).toString(), names[3])
    await store.copy(names[2] ?? '', 'copied ü')
    assert.equal(text(await store.get('copied ü')), names[2])
  })

  it('has nothing where nothing is, and deletes that too', async () => {
    const store = aStore()
    assert.equal(await store.get('nothing'), undefined)
    assert.deepEqual(await store.list('nothing/'), [])
    await store.delete('nothing')
    for await (const chunk of store.stream('nothing')) assert.fail(`${chunk.length} bytes of nothing`)
  })

  it('lists what comes after a name, page by page, and only below its own key', async () => {
    const store = aStore({ key: 'pages' })
    await aStore({ key: 'pages-of-another' }).put('x', bytes(''))
    const names = Array.from({ length: 1200 }, (_, i) => `log/${String(i).padStart(5, '0')}`)
    for (let from = 0; from < names.length; from += 50)
      await Promise.all(names.slice(from, from + 50).map((name) => store.put(name, bytes(name))))
    const listed = await store.list('log/')
    assert.deepEqual(
      listed.map(({ path }) => path),
      names,
    )
    assert.deepEqual([listed[7]?.size, listed[7]?.path], [9, 'log/00007'])
    assert.deepEqual(
      (await store.list('log/', 'log/01197')).map(({ path }) => path),
      ['log/01198', 'log/01199'],
    )
  })

  it('lets one of twenty racing puts win', async () => {
    const store = aStore()
    const won = await Promise.all(Array.from({ length: 20 }, (_, i) => store.putIfAbsent('entry', bytes(String(i)))))
    assert.equal(won.filter(Boolean).length, 1)
    assert.equal(text(await store.get('entry')), String(won.indexOf(true)))
  })

  it('takes a put whose reply got lost for a lost race: whoever put it looks at what is there', async () => {
    only('loseReply', { method: 'PUT' })
    const store = aStore()
    assert.equal(await store.putIfAbsent('entry', bytes('mine')), false)
    assert.equal(text(await store.get('entry')), 'mine')
  })
})

describe('an S3 store that fails', () => {
  for (const mishap of ['slowDown', 'reset'] as const)
    it(`is asked again after ${mishap}`, async () => {
      const store = aStore()
      await store.put('a', bytes('1'))
      only(mishap, { method: 'GET', times: 2 })
      assert.equal(text(await store.get('a')), '1')
      assert.equal(proxy.exchanges.filter(({ method }) => method === 'GET').length, 3)
    })

  const faults: [mishap: Mishap, kind: string, code: string][] = [
    ['slowDown', 'transient', 'SlowDown'],
    ['reset', 'transient', 'StoreUnavailable'],
    ['hang', 'transient', 'StoreUnavailable'],
  ]
  for (const [mishap, kind, code] of faults)
    it(`is given up by name after some tries: ${mishap}`, async () => {
      proxy.mishap = () => mishap
      const fault = await faultOf(aStore({ timeoutMs: 300 }).get('a'))
      assert.deepEqual([fault.kind, fault.code], [kind, code])
      assert.equal(proxy.exchanges.length, 3)
      assert.match(fault.message, /^cannot read "a" in "s3:\/\/lake\/[^"]+": .+; .+$/)
    })

  it('is told by name when nobody is there', async () => {
    const fault = await faultOf(aStore({ endpoint: 'http://127.0.0.1:9' }).list(''))
    assert.deepEqual([fault.kind, fault.code], ['transient', 'StoreUnavailable'])
    assert.match(fault.message, /ECONNREFUSED/)
  })

  it('says that the bucket is missing', async () => {
    const fault = await faultOf(aStore({ bucket: 'no-such-bucket' }).put('a', bytes('1')))
    assert.deepEqual([fault.kind, fault.code], ['missing', 'BucketNotFound'])
  })

  it('says that it denies wrong credentials, without showing them', async () => {
    process.env['AWS_SECRET_ACCESS_KEY'] = 'wrong-secret-plugh'
    try {
      const fault = await faultOf(aStore().get('a'))
      assert.deepEqual([fault.kind, fault.code], ['denied', 'AccessDenied'])
      assert.ok(!fault.message.includes('plugh'))
    } finally {
      Object.assign(process.env, KEYS)
    }
  })
})
