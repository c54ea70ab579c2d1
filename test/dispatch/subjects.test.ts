// Who hears what on a broker that several installations, namespaces and pools share.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  inboxPrefix,
  mayAnswerAt,
  parseRequest,
  REQUESTS,
  requestSubject,
  servedSubjects,
} from '../../src/dispatch/index.ts'

const word = fc.stringMatching(/^[a-z][a-z0-9_-]{0,12}$/)
const address = fc.record({ prefix: word, namespace: word, pool: word })

/** As NATS matches: `*` is one word. */
const matches = (pattern: string, subject: string): boolean => {
  const [wanted, words] = [pattern.split('.'), subject.split('.')]
  return wanted.length === words.length && wanted.every((one, i) => one === '*' || one === words[i])
}

test('a request is heard by whoever serves its installation and namespace, or all namespaces, and by nobody else', () => {
  fc.assert(
    fc.property(address, address, fc.constantFrom(...REQUESTS), fc.boolean(), (of, server, name, all) => {
      const namespace = all ? '*' : server.namespace
      const isHeard = servedSubjects({ prefix: server.prefix, namespace }).some((pattern) =>
        matches(pattern, requestSubject(of, name)),
      )
      assert.equal(isHeard, of.prefix === server.prefix && (all || of.namespace === server.namespace))
      const read = parseRequest(requestSubject(of, name), server.prefix)
      assert.deepEqual(read, of.prefix === server.prefix ? { ...of, name } : undefined)
    }),
  )
})

test('an answer goes to an inbox of the namespace that asked, and to no other place', () => {
  fc.assert(
    fc.property(address, address, (of, other) => {
      const subject = requestSubject(of, 'ready')
      assert.ok(mayAnswerAt(subject, `${inboxPrefix(of)}.x1`))
      const isSame = of.prefix === other.prefix && of.namespace === other.namespace
      assert.equal(mayAnswerAt(subject, `${inboxPrefix(other)}.x1`), isSame)
      assert.ok(!mayAnswerAt(subject, requestSubject(other, 'outcome')))
    }),
  )
})
