// The client against a server on loopback that answers as it is told: what comes back as an object, and what as which fault.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ApiFault, connect, KubeClient } from '../../src/effects/index.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

const folder = mkdtempSync(join(tmpdir(), 'loom-client-'))
const tokenFile = join(folder, 'token')
const seen: string[] = []
let answer: Answer
const server = createServer((request, response) => {
  seen.push(`${request.method} ${request.url} ${request.headers.authorization}`)
  answer(request, response)
})

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  writeFileSync(tokenFile, 'first')
})

after(() => {
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true })
})

/** A client of its own, so that no connection or credential of an earlier test is used. */
function client(deadlineMs?: number) {
  const kubeconfig = join(folder, 'config')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'a', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'a', user: { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } } }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a', namespace: 'etl' } }],
    'current-context': 'a',
  }
  writeFileSync(kubeconfig, JSON.stringify(config))
  const connection = connect({ kubeconfig })
  const codes: number[] = []
  return { client: new KubeClient(connection, ({ code }) => codes.push(code), deadlineMs), connection, codes }
}

const say =
  (code: number, body: string, headers: Record<string, string> = {}): Answer =>
  (_request, response) => {
    response.writeHead(code, headers)
    response.end(body)
  }

const status = (code: number, more: object = {}) => JSON.stringify({ kind: 'Status', metadata: {}, code, ...more })
const JOB = { resource: 'Job', namespace: 'etl', name: 'job-1' } as const

async function faultOf(work: Promise<unknown>): Promise<ApiFault> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  assert.ok(thrown instanceof ApiFault, `no fault of the API: ${thrown}`)
  return thrown
}

test('an answer that can not be what was asked for passes, whatever its code says, and is never taken for a bug of ours', async (t) => {
  const answers: Record<string, Answer> = {
    'a page with 200': say(200, '<html><body>Welcome</body></html>'),
    'half an object': say(200, '{"kind":"Job","metadata":{"name":"jo'),
    nothing: say(200, ''),
    'JSON that is no object': say(200, '[]'),
    null: say(200, 'null'),
    'an object without metadata': say(200, '{"ok":true}'),
    'a redirect': say(302, '', { location: 'https://login.example.com' }),
    "a proxy's 400": say(400, '<html>400</html>'),
    "a proxy's 404": say(404, '404 page not found'),
    "a proxy's 502": say(502, '<html>502</html>'),
    'a cut body': (_request, response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('{"kind":"Job"', () => response.destroy())
    },
    'a cut connection': (request) => request.socket.destroy(),
    'a body that never ends': (_request, response) => {
      response.writeHead(200)
      response.write('{')
    },
  }
  for (const [what, given] of Object.entries(answers))
    await t.test(what, async () => {
      const { client: api, connection } = client(what.includes('never') ? 50 : undefined)
      answer = given
      seen.length = 0
      const made = { metadata: { namespace: 'etl', name: 'job-1' } }
      const asked = {
        get: () => api.get(JOB),
        list: () => api.list('Job', { namespace: 'etl' }),
        create: () => api.create('Job', made),
        replace: () => api.replace(JOB, made),
        patch: () => api.mergePatch(JOB, {}),
        delete: () => api.delete(JOB, { uid: 'x' }),
      }
      for (const [verb, ask] of Object.entries(asked)) {
        const { kind, message } = await faultOf(ask())
        assert.equal(kind, 'transient', `${verb}: ${message}`)
        assert.doesNotMatch(message, /\n/)
      }
      assert.equal(seen.length, 6)
      await connection.close()
    })
})

test('a list without items is no list', async () => {
  const { client: api, connection } = client()
  answer = say(200, '{"kind":"Job","metadata":{}}')
  assert.equal((await faultOf(api.list('Job'))).code, 'BadAnswer')
  await connection.close()
})

test('an object that is not there is no fault; a resource that is not served is one', async () => {
  const { client: api, connection } = client()
  answer = say(404, status(404, { reason: 'NotFound', details: { name: 'job-1', kind: 'jobs' } }))
  assert.equal(await api.get(JOB), undefined)
  await api.delete(JOB)
  answer = say(404, status(404, { reason: 'NotFound', message: 'the server could not find the requested resource' }))
  assert.equal((await faultOf(api.get(JOB))).kind, 'missing')
  assert.equal((await faultOf(api.delete(JOB))).kind, 'missing')
  await connection.close()
})

test('an object of another uid counts as deleted only if the deletion was for a uid', async () => {
  const { client: api, connection } = client()
  answer = say(409, status(409, { reason: 'Conflict' }))
  await api.delete(JOB, { uid: 'mine' })
  assert.equal((await faultOf(api.delete(JOB))).kind, 'conflict')
  await connection.close()
})

test('a throttled request says how long to wait', async () => {
  const { client: api, connection, codes } = client()
  answer = say(429, status(429, { reason: 'TooManyRequests' }), { 'retry-after': '3' })
  const fault = await faultOf(api.create('Job', { metadata: { name: 'a' } }))
  assert.deepEqual([fault.kind, fault.code, fault.retryAfterMs], ['transient', 'TooManyRequests', 3000])
  assert.equal((await faultOf(api.watch({ resource: 'Job' }, {}, new AbortController().signal))).retryAfterMs, 3000)
  assert.deepEqual(codes, [429, 429])
  await connection.close()
})

test('a watch that is stopped says what it was stopped with', async () => {
  const { client: api, connection } = client()
  answer = () => {}
  const stop = new AbortController()
  const watching = api.watch({ resource: 'Job' }, {}, stop.signal)
  stop.abort(new Error('enough'))
  await assert.rejects(watching, { message: 'enough' })
  await connection.close()
})

test('a token that has been renewed on disk is read again when the old one is refused, once', async () => {
  const { client: api, connection, codes } = client()
  answer = say(404, status(404, { details: { name: 'job-1' } }))
  await api.get(JOB)
  writeFileSync(tokenFile, 'second')
  answer = (request, response) =>
    request.headers.authorization === 'Bearer second'
      ? say(404, status(404, { details: { name: 'job-1' } }))(request, response)
      : say(401, status(401, { reason: 'Unauthorized' }))(request, response)
  seen.length = 0
  assert.equal(await api.get(JOB), undefined)
  assert.deepEqual(
    seen.map((line) => line.split(' ').at(-1)),
    ['first', 'second'],
  )
  answer = say(401, status(401, { reason: 'Unauthorized' }))
  seen.length = 0
  assert.equal((await faultOf(api.get(JOB))).kind, 'denied')
  assert.equal(seen.length, 2)
  assert.deepEqual(codes, [404, 404, 401])
  await connection.close()
})

test('credentials that can not be read just now pass', async () => {
  const { client: api, connection } = client()
  rmSync(tokenFile)
  const { kind, code } = await faultOf(api.get(JOB))
  assert.deepEqual([kind, code], ['transient', 'NoCredentials'])
  writeFileSync(tokenFile, 'third')
  answer = say(404, status(404, { details: { name: 'job-1' } }))
  assert.equal(await api.get(JOB), undefined)
  await connection.close()
})

test('requests name their object, namespace and query as the API wants them', async () => {
  const { client: api, connection } = client()
  answer = say(200, '{"metadata":{},"items":[]}')
  seen.length = 0
  await api.list('Pod', { namespace: 'a b', labelSelector: 'x=y,z', limit: 5, continueToken: 't/1' })
  await api.get({ resource: 'ETLRun', namespace: 'etl', name: 'r', subresource: 'status' })
  await api.get({ resource: 'Lease', namespace: 'etl', name: 'l' })
  assert.deepEqual(
    seen.map((line) => line.split(' ').slice(0, 2).join(' ')),
    [
      'GET /api/v1/namespaces/a%20b/pods?labelSelector=x%3Dy%2Cz&limit=5&continue=t%2F1',
      'GET /apis/loom.etl/v1alpha1/namespaces/etl/etlruns/r/status',
      'GET /apis/coordination.k8s.io/v1/namespaces/etl/leases/l',
    ],
  )
  await connection.close()
})
