// Small mistakes in how a command is called: told at once, where they were made, with exit code 2.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { command } from '../faults/command.ts'
import { filesBelow, folder, ORDERS, pipelineOf, runOf } from './loom.ts'

const ELSEWHERE = `apiVersion: loom.etl/v1alpha1
kind: ETLStorage
metadata: {name: default}
spec: {defaults: {tablePath: {uri: 'gs://lake/tables'}}, temp: {root: 'gs://lake/temp'}}
`

for (const [file, why] of [
  ['nowhere/shop.prom', 'there is no folder "nowhere"; make it first'],
  ['shop.yaml/shop.prom', 'there is no folder "shop.yaml"; make it first'],
  ['.', 'it is a folder; name a file in it'],
] as const)
  test(`a file of metrics that could not be written is refused before anything runs: ${file}`, async (t) => {
    const cwd = await folder(t, { 'shop.yaml': pipelineOf(ORDERS) })
    const { code, err } = await command(cwd, 'run', '-f', 'shop.yaml', '--metrics-file', file)
    assert.deepEqual([code, err], [2, `cannot use --metrics-file "${file}": ${why}\n`])
    assert.deepEqual(await filesBelow(join(cwd, '.loom')), [])
  })

test('the file of metrics holds all attempts and all runs of a command', async (t) => {
  const missing = `${ORDERS}- name: late
  sources: {csv: {file: {path: nowhere.csv, format: csv}}}
  target: {table: {ref: shop.late}}
`
  const retry = 'retry: {limit: 2, backoff: {initial: 1ms, max: 1ms}}'
  const cwd = await folder(t, {
    'shop.yaml': `${pipelineOf(ORDERS)}---\n${runOf('good', '{pipelineRef: {name: shop}}')}---\n${pipelineOf(missing, { name: 'broken' })}---\n${runOf('bad', `{pipelineRef: {name: broken}, ${retry}}`)}`,
  })
  const { code, err } = await command(cwd, 'run', '-f', 'shop.yaml', '--metrics-file', 'shop.prom')
  assert.equal(code, 1, err)
  const metrics = readFileSync(join(cwd, 'shop.prom'), 'utf8')
  const countOf = (labels: RegExp) =>
    metrics
      .split('\n')
      .filter((line) => line.startsWith('loom_lifecycle_duration_seconds_count{') && labels.test(line))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  assert.equal(countOf(/\borders"/), 4, `one of the good run, one of each attempt: ${metrics}`)
  assert.equal(countOf(/\blate"/), 3)
})

test('a wrong --param is told as the word of the command line', async (t) => {
  const params = '{month: {type: date, default: 2013-01-01}, days: {type: list, items: date, default: []}}'
  const step = `- name: s
  sql: SELECT $(params.month) AS m, $(params.days) AS d
  target: {table: {ref: a.b}}
`
  const cwd = await folder(t, { 'shop.yaml': pipelineOf(step, { params }) })
  const given = ['--param', 'month=abc', '--param', 'days=2013-01-01,x', '--param', 'no.thing=1']
  for (const name of ['run', 'check', 'plan']) {
    const { code, err } = await command(cwd, name, '-f', 'shop.yaml', ...given)
    assert.equal(code, 2)
    assert.match(err, /^--param month=abc: error InvalidParamValue: param "month" is a date, but "abc" is no day/m)
    assert.match(
      err,
      /^--param days=2013-01-01,x: error InvalidParamValue: param "days" is a list of dates, but item 2/m,
    )
    assert.match(err, /^--param no\.thing=1: error UnknownParam: there is no param "no\.thing"/m)
    assert.doesNotMatch(err, /shop\.yaml:/)
  }
})

test('a wrong param of a run is told at its place in the file', async (t) => {
  const step = '- {name: s, sql: "SELECT $(params.count) AS x", target: {table: {ref: a.b}}}\n'
  const run = runOf('r', '{pipelineRef: {name: shop}, params: {count: x}}')
  const cwd = await folder(t, { 'shop.yaml': `${pipelineOf(step, { params: '{count: {type: integer}}' })}---\n${run}` })
  const { err } = await command(cwd, 'run', '-f', 'shop.yaml')
  assert.match(err, /^shop\.yaml:15:51: error InvalidParamValue/m)
})

test('show without a column name, and with a limit of nothing', async (t) => {
  const cwd = await folder(t, { 'shop.yaml': pipelineOf(ORDERS) })
  assert.equal((await command(cwd, 'run', '-f', 'shop.yaml')).code, 0)
  for (const columns of ['', ',', ' '])
    assert.deepEqual(await command(cwd, 'show', 'shop.orders', '--columns', columns), {
      code: 2,
      out: '',
      err: 'cannot use --columns: it names no column; name some, or leave it out to see all\n',
    })
  const none = await command(cwd, 'show', 'shop.orders', '--limit', '0')
  assert.deepEqual([none.code, none.err], [0, '0 rows; there are more: --limit N\n'])
  assert.match(none.out, /^id {2}note\n/)
  const json = await command(cwd, 'show', 'shop.orders', '--limit', '0', '--output', 'json')
  assert.equal(json.out.trim(), '[]')
  assert.match((await command(cwd, 'history', 'shop.orders', '--limit', '0')).err, /^cannot use --limit "0"/)
})

test('a place that can not be reached from here is refused by its scheme, by every command that looks there', async (t) => {
  const cwd = await folder(t, { 'elsewhere.yaml': ELSEWHERE })
  const words =
    'gs:// is not supported; give a local path, a file:// URI (on Kubernetes: of a mounted volume) or an s3:// URI'
  for (const name of ['show', 'history'])
    assert.deepEqual(await command(cwd, name, 'shop.orders', '--storage', 'elsewhere.yaml'), {
      code: 2,
      out: '',
      err: `cannot find table "shop.orders" at "gs://lake/tables/shop/orders": ${words}\n`,
    })
  const { code, err } = await command(cwd, 'cleanup', 'some-id', '--storage', 'elsewhere.yaml')
  assert.deepEqual([code, err], [2, `cannot find temps at "gs://lake/temp": ${words}\n`])
})

test('an operator that could not work says why before it begins', async (t) => {
  const cwd = await folder(t, {})
  const url = await command(cwd, 'operator', '--nats', 'http://broker')
  assert.equal(url.code, 2)
  assert.match(url.err, /"http:\/\/broker" as a URL of NATS: write it like nats:\/\/host:4222/)
  const kubeconfig = await command(cwd, 'operator', '--kubeconfig', 'nowhere')
  assert.equal(kubeconfig.code, 2)
  assert.match(
    kubeconfig.err,
    /^cannot read the kubeconfig "nowhere": .*; give another with --kubeconfig or KUBECONFIG$/m,
  )
})
