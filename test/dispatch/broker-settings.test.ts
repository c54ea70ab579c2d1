// Addresses of a broker, and credentials as a mounted Secret has them.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { mayAnswerAt, parseServers, readCredentials, seldom, wantsTls } from '../../src/dispatch/index.ts'

describe('addresses', () => {
  it('are NATS URLs with commas between them', () => {
    assert.deepEqual(parseServers('nats://a:4222, tls://b'), ['nats://a:4222', 'tls://b'])
    for (const wrong of ['', 'a:4222', 'http://a', 'nats://', 'nats://a,'])
      assert.throws(() => parseServers(wrong), { code: 'InvalidBrokerUrl', kind: 'invalid' }, wrong)
  })

  it('hold no credentials, and what they hold is not repeated', () => {
    assert.throws(
      () => parseServers('nats://me:secret@a'),
      (thrown: Error) => {
        assert.match(thrown.message, /it holds credentials/)
        return !thrown.message.includes('secret')
      },
    )
  })

  it('say whether TLS is wanted, and a certificate does too', () => {
    assert.equal(wantsTls({ servers: ['nats://a'] }, {}), false)
    assert.equal(wantsTls({ servers: ['nats://a', 'tls://b'] }, {}), true)
    assert.equal(wantsTls({ servers: ['nats://a'] }, { tls: { caFile: '/ca.crt' } }), true)
  })
})

describe('credentials', () => {
  let root: string
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'loom-credentials-'))
  })
  after(() => rmSync(root, { recursive: true, force: true }))

  const folder = (values: Record<string, string>) => {
    const path = mkdtempSync(join(root, 'secret-'))
    for (const [key, value] of Object.entries(values)) writeFileSync(join(path, key), value)
    return path
  }

  it('are the keys of a Secret as files, or one file', () => {
    assert.deepEqual(readCredentials(folder({ username: 'me\n', password: 'p w\r\n' })), {
      user: { name: 'me', password: 'p w' },
    })
    assert.deepEqual(readCredentials(folder({ token: 't' })), { token: 't' })
    const creds = folder({ 'nats.creds': 'jwt and seed' })
    assert.deepEqual(readCredentials(creds), { creds: 'jwt and seed' })
    assert.deepEqual(readCredentials(join(creds, 'nats.creds')), { creds: 'jwt and seed' })
    const tls = folder({ 'ca.crt': 'a', 'tls.crt': 'c', 'tls.key': 'k' })
    const file = (key: string) => join(tls, key)
    assert.deepEqual(readCredentials(tls), {
      tls: { caFile: file('ca.crt'), certFile: file('tls.crt'), keyFile: file('tls.key') },
    })
  })

  it('that are not there or not whole are refused, by name and without their values', () => {
    assert.throws(() => readCredentials(join(root, 'nowhere')), { code: 'CredentialsNotFound', kind: 'missing' })
    for (const values of [{}, { other: 'x' }, { username: 's3cret' }, { password: 's3cret' }, { 'tls.crt': 's3cret' }])
      assert.throws(
        () => readCredentials(folder(values as Record<string, string>)),
        (thrown: Error & { code?: string }) =>
          thrown.code === 'CredentialsIncomplete' && !thrown.message.includes('s3cret'),
      )
  })
})

describe('answers', () => {
  it('go to the namespace that asked', () => {
    assert.equal(mayAnswerAt('loom.etl.warm.ready', '_INBOX.loom.etl.x.y'), true)
    for (const reply of ['', '_INBOX.x', '_INBOX.loom.other.x', '_INBOX.loom.etl2.x', 'loom.etl.warm.outcome'])
      assert.equal(mayAnswerAt('loom.etl.warm.ready', reply), false, reply)
  })
})

describe('what fails over and over', () => {
  it('is told once a minute', () => {
    let now = 0
    const told: string[] = []
    const tell = seldom(
      (text) => told.push(text),
      () => now,
    )
    for (; now <= 120_000; now += 10_000) {
      tell('a')
      if (now === 0) tell('b')
    }
    assert.deepEqual(told, ['a', 'b', 'a', 'a'])
  })
})
