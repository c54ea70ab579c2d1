// Workers whose credentials reach the subjects of their namespace only, as src/dispatch/subjects.ts says.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  encode,
  inboxPrefix,
  type LeaseId,
  openNatsBroker,
  packOutcome,
  type RequestName,
  requestSubject,
  workerSubject,
} from '../../src/dispatch/index.ts'
import { type BrokerProcess, type BrokerUser, startBroker, until } from './bed/index.ts'
import { LakeOperator } from './support/lake-operator.ts'
import { ENDLESS_SQL, sqlStep } from './support/lake-task.ts'
import { WorkerProcess } from './support/worker-process.ts'

const workerOf = (namespace: string): BrokerUser => ({
  name: `worker-of-${namespace}`,
  password: randomUUID(),
  publish: [`loom.${namespace}.>`],
  subscribe: [`loom.${namespace}.*.worker.>`, `_INBOX.loom.${namespace}.>`],
})

describe('credentials for the workers of a namespace', () => {
  const users = { boss: { name: 'operator', password: randomUUID() }, etl: workerOf('etl'), other: workerOf('other') }
  let server: BrokerProcess
  let folder: string

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'loom-worker-'))
    server = await startBroker({ users: Object.values(users) })
  })
  after(async () => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const secret = ({ name, password }: BrokerUser) => {
    const path = mkdtempSync(join(folder, 'secret-'))
    writeFileSync(join(path, 'username'), name)
    writeFileSync(join(path, 'password'), password)
    return path
  }
  const operator = () => LakeOperator.start({ url: server.url, folder, credentials: secret(users.boss) })
  const worker = (user: BrokerUser, name: string) =>
    new WorkerProcess({ url: server.url, folder, name, credentials: secret(user) })

  it('suffice for its work, and for hearing that it is to stop', async () => {
    await using boss = await operator()
    await using one = worker(users.etl, 'one')
    boss.offer(sqlStep('a', 'SELECT 1 AS id'))
    assert.equal((await boss.outcome('a')).state, 'Succeeded')
    boss.offer(sqlStep('b', ENDLESS_SQL))
    await boss.leased('b')
    boss.stop('cancelled')
    assert.equal((await boss.outcome('b')).state, 'Cancelled')
    assert.ok(!one.log.includes('Permissions Violation'), one.log)
    assert.ok(!one.log.includes(users.etl.password))
  })

  it('give another namespace no work', async () => {
    await using boss = await operator()
    await using two = worker(users.other, 'two')
    boss.offer(sqlStep('c', 'SELECT 1 AS id'))
    await two.logs('the broker forbids it')
    assert.deepEqual(boss.idle, [])
    await using _one = worker(users.etl, 'one')
    assert.equal((await boss.outcome('c')).state, 'Succeeded')
    assert.ok(!two.log.includes('step ended'))
    assert.ok(!two.log.includes(users.other.password))
  })

  it('let nobody report for another namespace, nor hear what its workers are told', async () => {
    await using boss = await operator()
    await using _one = worker(users.etl, 'one')
    boss.offer(sqlStep('d', ENDLESS_SQL))
    await boss.leased('d')
    const stranger = await openNatsBroker({
      servers: [server.url],
      name: 'stranger',
      credentials: secret(users.other),
      inboxPrefix: inboxPrefix({ prefix: 'loom', namespace: 'other' }),
      warn: () => {},
    })
    const heard: string[] = []
    stranger.listen(workerSubject({ prefix: 'loom', namespace: 'etl', pool: 'warm' }, 'one'), () =>
      heard.push('notice'),
    )
    stranger.listen('_INBOX.loom.etl.>', () => heard.push('answer'))
    const id: LeaseId = { runUid: boss.uid, process: 'main', step: 'd', attempt: 1, try: 1 }
    const outcome = packOutcome(id, { process: 'main', step: 'd', state: 'Succeeded', durationMs: 1 })
    const speaker = { version: 1, worker: 'one', epoch: 1 }
    const say = (namespace: string, name: RequestName, message: object) =>
      stranger.request(requestSubject({ prefix: 'loom', namespace, pool: 'warm' }, name), encode(message), {
        timeoutMs: 5_000,
      })
    await until('it is connected', () => say('other', 'heartbeat', { ...speaker, id }).then(() => true))
    await assert.rejects(say('etl', 'outcome', { ...speaker, id, outcome }), { code: 'BrokerDenied' })
    await assert.rejects(say('etl', 'heartbeat', { ...speaker, id }), { code: 'BrokerDenied' })
    // on its own subjects it may say what it likes of others' steps: they are of another pool
    await say('other', 'outcome', { ...speaker, id, outcome })
    assert.equal((await boss.leased('d')).state, 'leased')
    assert.ok(!boss.outcomes.has('d'))
    boss.stop('cancelled')
    assert.equal((await boss.outcome('d')).state, 'Cancelled')
    assert.deepEqual(heard, [])
    await stranger.close()
  })
})
