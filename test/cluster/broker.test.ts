// The client of the broker against a real nats-server that dies, freezes and forbids.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Broker, type BrokerState, inboxPrefix, openNatsBroker } from '../../src/dispatch/index.ts'
import { type BrokerProcess, startBroker, until } from './bed/index.ts'

const text = (data: Uint8Array) => Buffer.from(data).toString()
const bytes = (value: string) => Buffer.from(value)
const ASK = { timeoutMs: 5_000 }

interface Client extends AsyncDisposable {
  broker: Broker
  states: BrokerState[]
  warnings: string[]
}

async function client(servers: string, more: { namespace?: string; credentials?: string } = {}): Promise<Client> {
  const { namespace = 'etl', credentials } = more
  const states: BrokerState[] = []
  const warnings: string[] = []
  const broker = await openNatsBroker({
    servers: [servers],
    name: 'test',
    inboxPrefix: inboxPrefix({ prefix: 'loom', namespace }),
    warn: (message) => warnings.push(message),
    ...(credentials === undefined ? {} : { credentials }),
  })
  broker.onState((state) => states.push(state))
  return { broker, states, warnings, [Symbol.asyncDispose]: () => broker.close() }
}

const isUp = ({ states, warnings }: Client) =>
  until('the client is connected', () => states.at(-1) === 'up', { seen: () => ({ states, warnings }) })

async function connected(...given: Parameters<typeof client>): Promise<Client> {
  const made = await client(...given)
  await isUp(made)
  return made
}

describe('a broker that dies', () => {
  let server: BrokerProcess

  before(async () => {
    server = await startBroker()
  })

  after(() => server.stop())

  it('carries a request to whoever serves it, and the answer back', async () => {
    await using operator = await connected(server.url)
    await using worker = await connected(server.url)
    operator.broker.serve(['loom.etl.*.ready'], (subject, data, answer) => answer(bytes(`${subject} ${text(data)}`)))
    await until('it serves', async () => {
      const answer = await worker.broker.request('loom.etl.big.ready', bytes('hello'), ASK)
      return text(answer) === 'loom.etl.big.ready hello'
    })
  })

  it('says at once that nobody listens', async () => {
    await using worker = await connected(server.url)
    await assert.rejects(worker.broker.request('loom.etl.big.ready', bytes(''), { timeoutMs: 60_000 }), {
      kind: 'transient',
      code: 'NoAnswer',
      message: /nobody listens/,
    })
  })

  it('ends the wait for an answer when told so', async () => {
    await using worker = await connected(server.url)
    await using operator = await connected(server.url)
    const heard: string[] = []
    operator.broker.serve(['loom.etl.big.ready'], (_subject, data) => heard.push(text(data)))
    const stop = new AbortController()
    const asked = until('somebody listens', async () => {
      const wait = worker.broker.request('loom.etl.big.ready', bytes('x'), { timeoutMs: 60_000, signal: stop.signal })
      const given = await wait.catch((thrown: Error) => thrown)
      return given instanceof Error && !given.message.includes('nobody listens') ? given : undefined
    })
    await until('it is heard', () => heard.length > 0)
    stop.abort()
    assert.match((await asked).message, /given up/)
  })

  it('is found again after it was killed, and what was served is served again', async () => {
    await using operator = await connected(server.url)
    await using worker = await connected(server.url)
    operator.broker.serve(['loom.etl.big.ready'], (_subject, _data, answer) => answer(bytes('work')))
    const notices: string[] = []
    worker.broker.listen('loom.etl.big.worker.one', (data) => notices.push(text(data)))
    await server.kill()
    await until('both know', () => operator.states.at(-1) === 'down' && worker.states.at(-1) === 'down')
    await assert.rejects(worker.broker.request('loom.etl.big.ready', bytes(''), ASK), {
      kind: 'transient',
      code: 'BrokerUnreachable',
    })
    worker.broker.publish('loom.etl.big.worker.one', bytes('said while it was down'))
    await server.start()
    await Promise.all([isUp(operator), isUp(worker)])
    await until('it is served', async () => text(await worker.broker.request('loom.etl.big.ready', bytes(''), ASK)))
    await until('notices arrive', () => {
      operator.broker.publish('loom.etl.big.worker.one', bytes('news'))
      return notices.length > 0
    })
    assert.ok(!notices.includes('said while it was down'), 'what could not be said is not said later')
  })

  it('is taken for dead when it answers no ping, and found again once it does', async () => {
    await using link = await server.link()
    await using worker = await connected(link.url)
    link.silence()
    await until('the client knows', () => worker.states.at(-1) === 'down', { seconds: 30 })
    link.mend()
    await isUp(worker)
  })

  it('is waited for by a client that was there first', async () => {
    await server.shutDown()
    await using worker = await client(server.url)
    assert.deepEqual(worker.states, ['down'])
    await until('the client says why', () => worker.warnings.length > 0)
    await server.start()
    await isUp(worker)
  })

  it('carries no answer to a subject that is no inbox of the asking namespace', async () => {
    await using operator = await connected(server.url)
    await using other = await connected(server.url, { namespace: 'other' })
    let asked = 0
    operator.broker.serve(['loom.*.*.ready'], (subject, _data, answer) => {
      if (subject.startsWith('loom.etl.')) asked++
      answer(bytes('work'))
    })
    await until('it serves', () => other.broker.request('loom.other.big.ready', bytes(''), ASK))
    await assert.rejects(other.broker.request('loom.etl.big.ready', bytes(''), { timeoutMs: 300 }), {
      code: 'NoAnswer',
    })
    assert.equal(asked, 0)
  })
})

describe('a broker that asks who is there', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'loom-credentials-'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  const secret = (values: Record<string, string>) => {
    const path = mkdtempSync(join(folder, 'secret-'))
    for (const [key, value] of Object.entries(values)) writeFileSync(join(path, key), value)
    return path
  }

  it('lets in a user, or a token, from a folder, and one whose password is put right later', async () => {
    await using server = await startBroker({ users: [{ name: 'worker', password: 'the-right-one' }] })
    const credentials = secret({ username: 'worker', password: 'the-wrong-one' })
    await using worker = await client(server.url, { credentials })
    await until('the client says why', () => worker.warnings.some((warning) => /authorization/i.test(warning)))
    assert.ok(!JSON.stringify(worker.warnings).includes('the-wrong-one'))
    writeFileSync(join(credentials, 'password'), 'the-right-one\n')
    await isUp(worker)

    await using other = await startBroker({ token: 'a-token' })
    await using holder = await client(other.url, { credentials: secret({ token: 'a-token' }) })
    await isUp(holder)
  })

  it('lets in a client with a certificate, over TLS only', async () => {
    const { ca, cert, key } = certificates(mkdtempSync(join(folder, 'tls-')))
    await using server = await startBroker({ tls: { cert, key, ca } })
    const read = (path: string) => execFileSync('cat', [path], { encoding: 'utf8' })
    const credentials = secret({ 'ca.crt': read(ca), 'tls.crt': read(cert), 'tls.key': read(key) })
    await using worker = await client(server.url, { credentials })
    await isUp(worker)
    await using stranger = await client(server.url, { credentials: secret({ 'ca.crt': read(ca) }) })
    await until('it is refused', () => stranger.warnings.length > 0)
    assert.deepEqual(stranger.states, ['down'])
  })

  it('forbids a request by name', async () => {
    const password = 'p'
    await using server = await startBroker({
      users: [{ name: 'worker', password, publish: ['loom.etl.>'], subscribe: ['_INBOX.loom.etl.>'] }],
    })
    await using worker = await connected(server.url, { credentials: secret({ username: 'worker', password }) })
    await assert.rejects(worker.broker.request('loom.other.big.ready', bytes(''), ASK), {
      kind: 'denied',
      code: 'BrokerDenied',
    })
  })
})

/** An authority, and one certificate for the server and its client. */
function certificates(folder: string): { ca: string; cert: string; key: string } {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl('req', '-x509', ...ec, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=test ca', '-days', '2')
  openssl('req', ...ec, '-keyout', 'tls.key', '-out', 'tls.csr', '-subj', '/CN=localhost')
  writeFileSync(join(folder, 'names'), 'subjectAltName=DNS:localhost\n')
  const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names']
  openssl('x509', '-req', '-in', 'tls.csr', ...signed, '-out', 'tls.crt')
  return { ca: join(folder, 'ca.crt'), cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') }
}
