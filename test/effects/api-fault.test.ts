// What an answer of the API server, or of something that stands before it, means.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultOf, saysAbsent } from '../../src/effects/index.ts'

const status = (code: number, more: object = {}) => JSON.stringify({ kind: 'Status', code, ...more })

test('the treatment of a refusal follows its code, and only the API server can call something invalid', async (t) => {
  const rows: [what: string, code: number, body: string, kind: string][] = [
    ['an invalid object', 422, status(422, { reason: 'Invalid' }), 'invalid'],
    ['an object too large', 413, status(413, { reason: 'RequestEntityTooLarge' }), 'invalid'],
    ['a bad request', 400, status(400, { reason: 'BadRequest' }), 'invalid'],
    ['no rights', 403, status(403, { reason: 'Forbidden' }), 'denied'],
    ['no login', 401, status(401, { reason: 'Unauthorized' }), 'denied'],
    ['a name taken', 409, status(409, { reason: 'AlreadyExists' }), 'conflict'],
    ['no such thing', 404, status(404, { reason: 'NotFound' }), 'missing'],
    ['a version too old', 410, status(410, { reason: 'Expired' }), 'transient'],
    ['too much to do', 429, status(429, { reason: 'TooManyRequests' }), 'transient'],
    ['an error of the server', 500, status(500, { reason: 'InternalError' }), 'transient'],
    ['a server that is not there', 503, status(503), 'transient'],
    ["a proxy's 400", 400, '<html>400 Bad Request</html>', 'transient'],
    ["a proxy's 413", 413, '', 'transient'],
    ["a proxy's 404", 404, '404 page not found', 'transient'],
    ["a proxy's 502", 502, '<html>', 'transient'],
    ['a redirect', 302, '', 'transient'],
    ['JSON that is no Status', 422, '{"error":"no"}', 'transient'],
    ['half a Status', 422, '{"kind":"Status","reason":"Inv', 'transient'],
    ['null', 400, 'null', 'transient'],
  ]
  for (const [what, code, body, kind] of rows)
    await t.test(what, () => assert.equal(faultOf('get it', { status: code, body }).kind, kind))
})

test('a message is one line, and names what was asked and why not', () => {
  const body = status(500, { message: 'etcd is gone\nstack\nof lines', reason: 'InternalError' })
  const { message, code } = faultOf('list Job "*"', { status: 500, body })
  assert.equal(message, 'cannot list Job "*": etcd is gone')
  assert.equal(code, 'InternalError')
  assert.equal(
    faultOf('list Job "*"', { status: 502, body: '<html>' }).message,
    'cannot list Job "*": the API server answered 502',
  )
})

test('seconds of Retry-After are honoured, dates and nonsense are not', () => {
  const wait = (retryAfter?: string) => faultOf('x', { status: 429, body: '', retryAfter }).retryAfterMs
  assert.equal(wait('7'), 7000)
  assert.equal(wait('0'), 0)
  for (const none of [undefined, '', '-5', 'soon', 'Tue, 24 Nov 2026 12:00:00 GMT']) assert.equal(wait(none), undefined)
})

test('an object is absent only when the API server says so by its name', () => {
  const absent = (code: number, body: string) => saysAbsent(faultOf('get it', { status: code, body }), 'job-1')
  assert.equal(absent(404, status(404, { reason: 'NotFound', details: { name: 'job-1', kind: 'jobs' } })), true)
  assert.equal(absent(404, status(404, { reason: 'NotFound', details: {} })), false, 'the resource is not served')
  assert.equal(absent(404, status(404, { reason: 'NotFound', details: { name: 'jobs' } })), false)
  assert.equal(absent(404, '404 page not found'), false)
  assert.equal(absent(503, status(503, { details: { name: 'job-1' } })), false)
  assert.equal(saysAbsent(new Error('no'), 'job-1'), false)
})
