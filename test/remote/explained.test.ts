import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../src/base/index.ts'
import { ApiFault, faultOf } from '../../src/effects/index.ts'
import { explained } from '../../src/remote/explained.ts'

const SERVER = 'https://k8s:6443'
const status = (code: number, reason: string, message: string, name?: string) =>
  faultOf('get ETLRun "etl/daily"', {
    status: code,
    body: JSON.stringify({ kind: 'Status', reason, message, ...(name === undefined ? {} : { details: { name } }) }),
  })
const told = (thrown: unknown, server = SERVER): string => {
  const fault = explained(thrown, server)
  assert.ok(fault instanceof Fault)
  return `${fault.kind} ${fault.message}`
}

test('what the API server does not do is told with the way out, on one line', () => {
  const noAnswer = new ApiFault({ status: 0, code: 'NoAnswer', message: 'cannot reach the API server at x: refused' })
  const forbidden = (verb: string) =>
    status(
      403,
      'Forbidden',
      `etlruns.loom.etl "daily" is forbidden: User "eva" cannot ${verb} resource "etlruns" in API group "loom.etl"`,
    )
  const cases: [string, RegExp][] = [
    [told(noAnswer), /^transient cannot reach .*: refused; check that the cluster runs .*--context/],
    [
      told(noAnswer, 'http://localhost:8080'),
      /^invalid cannot reach a cluster: no kubeconfig was found; name one with --kubeconfig or KUBECONFIG$/,
    ],
    [
      told(new ApiFault({ status: 0, code: 'NoCredentials', message: 'cannot read x: y' })),
      /; log in to the cluster again$/,
    ],
    [told(status(401, 'Unauthorized', 'Unauthorized')), /^denied .*: Unauthorized; .*log in again/],
    [told(forbidden('get')), /^denied .*User "eva" cannot get resource "etlruns".*; ask for .* etl-viewer /],
    [told(forbidden('patch')), /User "eva" cannot patch resource "etlruns".*; ask for .* etl-editor /],
    [
      told(faultOf('list ETLRun "etl/*"', { status: 404, body: '404 page not found' })),
      /^transient .*does not serve loom\.etl: install the chart.*loom crds \| kubectl apply -f -$/,
    ],
    [
      told(status(404, 'NotFound', 'namespaces "etl" not found', 'etl')),
      /^missing cannot get .*: namespaces "etl" not found$/,
    ],
    [
      told(status(422, 'Invalid', '<nil>: Invalid value: "object": spec.params can not be changed\nmore')),
      /^invalid cannot get .*: spec.params can not be changed$/,
    ],
  ]
  for (const [message, expected] of cases) {
    assert.match(message, expected)
    assert.doesNotMatch(message, /\n/)
  }
})

test('what did not come from the API server stays as it is', () => {
  const own = new Error('mine')
  assert.equal(explained(own, SERVER), own)
})
