// The commands for runs on a cluster, where there is none: what is told before and instead of an answer.
import assert from 'node:assert/strict'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { command } from '../faults/command.ts'
import { folder, loom, MAIN, ORDERS, pipelineOf, runOf, shell } from './loom.ts'

const kubeconfig = (server: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user: { token: 'secret-token' } }],
    contexts: [{ name: 'office', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'office',
  })

/** Nobody listens there. */
const NOWHERE = 'https://127.0.0.1:1'

test('a cluster that is not there is told on one line, with the way out and the right exit code', async (t) => {
  const cwd = await folder(t, { kc: kubeconfig(NOWHERE), 'p.yaml': pipelineOf(ORDERS), 'none.yaml': '{}' })
  const kc = ['--kubeconfig', 'kc']
  const cases: [string[], number, RegExp][] = [
    [
      ['status', 'x', ...kc],

      1,
      /^cannot reach the API server at https:\/\/127\.0\.0\.1:\d+: .*; check that the cluster runs/,
    ],
    [['run', '--remote', '-f', 'p.yaml', ...kc], 1, /^cannot reach the API server/],
    [
      ['cancel', 'x', '--context', 'ofice', ...kc],
      2,
      /^cannot use context "ofice": .*; did you mean "office"\?; it has office$/m,
    ],
    [
      ['retry', 'x', '--kubeconfig', 'nothing'],
      2,
      /^cannot read the kubeconfig ".*\/nothing": .*; give another with --kubeconfig/,
    ],
    [
      ['suspend', 'x', '--kubeconfig', 'none.yaml'],
      2,
      /^cannot read the kubeconfig ".*none.yaml": .*leads to no cluster; give another/,
    ],
  ]
  for (const [args, code, expected] of cases) {
    // in this process: what is tried here ends before anything is started
    const ended = await command(cwd, ...args)
    assert.match(ended.err, expected, args.join(' '))
    assert.deepEqual([ended.code, ended.out, ended.err.split('\n').length], [code, '', 2], args.join(' '))
    assert.doesNotMatch(ended.err, /secret-token/)
  }
  const env = { KUBECONFIG: '', HOME: cwd }
  const { code, stdout, stderr } = await loom(['logs', 'x', '-f'], { cwd, env })
  assert.deepEqual([code, stdout], [2, ''])
  assert.equal(stderr, 'cannot reach a cluster: no kubeconfig was found; name one with --kubeconfig or KUBECONFIG\n')
})

test('a call that can not be meant is refused before any cluster is asked', async (t) => {
  const cwd = await folder(t, {
    'p.yaml': pipelineOf(ORDERS),
    'runs.yaml': `${runOf('one', '{pipelineRef: {name: shop}}')}---\n${runOf('two', '{pipelineRef: {name: shop}}')}`,
    'bad.yaml': runOf('bad', '{pipelineRef: {nam: shop}}'),
  })
  const cases: [string[], RegExp][] = [
    [['status'], /^cannot go on: a run is missing; for example: loom status /],
    [['status', 'a', 'b'], /^cannot use "b": it is one argument too many/],
    [['logs', 'a', 'b', 'c'], /^cannot use "c": it is one argument too many/],
    [['logs', 'a', '--tail', '0'], /^cannot use --tail "0": it is no whole number of at least 1/],
    [['retry'], /^cannot retry anything: name a run; for example: loom retry /],
    [['cancel', 'a', '-n', '../x'], /^cannot use namespace "\.\.\/x"/],
    [['run', '-f', 'p.yaml', '--detach'], /^cannot use --detach: it is about a run on Kubernetes; add --remote/],
    [['run', '-f', 'p.yaml', '-n', 'etl'], /^cannot use --namespace: .*add --remote/],
    [['run', '-f', 'p.yaml', '--remote', '--memory', '2GB'], /^cannot use --memory: it is about a run on this machine/],
    [['run', '-f', 'p.yaml', '--remote', '--storage', 's.yaml'], /^cannot use --storage: /],
    [
      ['run', 'thre', '-f', 'runs.yaml', '--remote'],
      /^cannot run "thre": the files hold no ETLRun of that name; there are one, two$/m,
    ],
    [['run', '-f', 'runs.yaml', '--remote', '--run-id', 'x'], /^cannot use --run-id for 2 runs/],
    [
      ['run', '-f', 'bad.yaml', '--remote'],
      /^bad\.yaml:\d+:\d+: error UnknownField: "pipelineRef" has no field "nam"$/m,
    ],
    [['run', '--remote'], /^cannot read manifests: no file is given/],
  ]
  for (const [args, expected] of cases) {
    const { code, out, err } = await command(cwd, ...args)
    assert.match(err, expected, args.join(' '))
    assert.deepEqual([code, out], [2, ''], args.join(' '))
  }
})

test('started as kubectl-loom it says kubectl loom, wherever it tells how it is called', async (t) => {
  const cwd = await folder(t)
  const plugin = join(cwd, 'kubectl-loom')
  await symlink(MAIN, plugin)
  const node = `'${process.execPath}'`
  const said = async (words: string) => await shell(`${node} '${plugin}' ${words} 2>&1`, { cwd })
  const [overview, help, wrong] = await Promise.all([said(''), said('logs --help'), said('lgos x')])
  assert.match(overview.stdout, /^usage: kubectl loom <command> \[options\]$/m)
  assert.match(help.stdout, /^usage: kubectl loom logs <run> \[step\] \[options\]$/m)
  assert.match(help.stdout, /^ {2}kubectl loom logs flights-2013-01 -f$/m)
  assert.doesNotMatch(`${overview.stdout}${help.stdout}`, /(?<!kubectl )\bloom (?=[a-z<])/)
  assert.match(
    wrong.stdout,
    /^cannot run command "lgos": kubectl loom has none .*did you mean "logs"\?; kubectl loom --help/,
  )
})
