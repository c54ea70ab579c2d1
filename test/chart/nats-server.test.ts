// A real nats-server with the settings that the chart renders: who may say and hear what.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  type Broker,
  encode,
  inboxPrefix,
  openNatsBroker,
  requestSubject,
  servedSubjects,
  workerSubject,
} from '../../src/dispatch/index.ts'
import { until } from '../cluster/bed/index.ts'
import { environmentOf, type NatsProgram, secretOf, startRendered } from './support/nats.ts'
import { only, render } from './support/rendered.ts'

const NAME = 'loom-operator-nats'
const BUNDLED = { 'nats.enabled': true, 'nats.namespaces': ['etl', 'etl-staging'] }

describe('a real server with these settings', () => {
  /** As a person might choose them: some look like numbers. */
  const PASSWORDS = { username: 'boss', password: '12e5 "\\x', 'workers.etl': '0017', 'workers.etl-staging': 'true' }
  let server: NatsProgram
  let folder: string
  const open: Broker[] = []

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'loom-chart-nats-'))
    const rendered = await render({ ...BUNDLED, 'nats.credentialsSecret': 'ours' })
    const { env } = only(rendered, 'Deployment', NAME).spec.template.spec.containers[0]
    server = await startRendered(only(rendered, 'ConfigMap', NAME)['data']['nats.conf'], environmentOf(env, PASSWORDS))
  })

  after(async () => {
    for (const broker of open) await broker.close()
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const connect = async (user: { name: string; password: string }, inbox: string) => {
    const warnings: string[] = []
    const credentials = secretOf(folder, user)
    const settings = { servers: [server.url], name: user.name, credentials, inboxPrefix: inbox }
    const broker = await openNatsBroker({ ...settings, warn: (line: string) => warnings.push(line) })
    open.push(broker)
    return { broker, warnings }
  }
  const worker = async (namespace: 'etl' | 'etl-staging') =>
    await connect(
      { name: `workers.${namespace}`, password: PASSWORDS[`workers.${namespace}`] },
      inboxPrefix({ prefix: 'loom', namespace }),
    )
  const pool = { prefix: 'loom', namespace: 'etl', pool: 'warm' }
  const heartbeat = requestSubject(pool, 'heartbeat')

  it('lets the operator serve all namespaces, and workers speak with it in their own only', async () => {
    const boss = await connect({ name: 'boss', password: PASSWORDS.password }, '_INBOX.boss')
    boss.broker.serve(servedSubjects({ prefix: 'loom', namespace: '*' }), (subject, _, answer) =>
      answer(encode({ heard: subject })),
    )
    const [own, other] = await Promise.all([worker('etl'), worker('etl-staging')])
    const notices: string[] = []
    own.broker.listen(workerSubject(pool, 'one'), () => notices.push('own'))
    other.broker.listen(workerSubject(pool, 'one'), () => notices.push('other'))
    const ask = async (broker: Broker) => await broker.request(heartbeat, encode({}), { timeoutMs: 5_000 })
    const answer = await until('the operator answers', () => ask(own.broker).catch(() => undefined))
    assert.equal(Buffer.from(answer).toString(), JSON.stringify({ heard: heartbeat }))
    await assert.rejects(ask(other.broker), { code: 'BrokerDenied' })
    await until('a worker hears a notice', () => {
      boss.broker.publish(workerSubject(pool, 'one'), encode({}))
      return notices.includes('own')
    })
    assert.ok(!notices.includes('other'))
    assert.deepEqual(boss.warnings, [])
  })

  it('lets in nobody without a password', async () => {
    const stranger = await connect({ name: 'workers.etl', password: 'guessed' }, '_INBOX.loom.etl')
    await until(
      'it is refused',
      () => stranger.warnings.some((line) => /Authorization|credentials|denied/i.test(line)),
      {
        seen: () => stranger.warnings,
      },
    )
    await assert.rejects(stranger.broker.request(heartbeat, encode({}), { timeoutMs: 500 }))
  })
})
