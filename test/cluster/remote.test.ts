// What people do with runs on a cluster, from their own machine and with their own rights: the commands as processes, the
// operator, an API server that has them in its audit log, and pods that really speak.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { CHART_RULES } from '../../scripts/chart/rules-template.ts'
import { type Ended, folder, loom, ORDERS, pipelineOf, type Running, runOf, shell, start } from '../cli/loom.ts'
import { type BrokerProcess, startBroker } from './bed/index.ts'
import { Cluster, installCrds } from './support/cluster.ts'
import { commitsByWriter } from './support/lake.ts'
import { REPOSITORY } from './support/operator-process.ts'
import { gated, run } from './support/pipelines.ts'
import { pool } from './support/pools.ts'
import { grant } from './support/rights.ts'

const MAIN = join(REPOSITORY, 'dist/cli/main.js')

let cluster: Cluster
let broker: BrokerProcess
let withoutCrds: Ended

before(async () => {
  const users = ['viewer', 'editor', 'nobody'].map((name) => ({ name }))
  ;[cluster, broker] = await Promise.all([Cluster.start({ users }, { crds: false }), startBroker()])
  withoutCrds = await loom(['status', 'x'], { ...options('viewer'), env: { KUBECONFIG: cluster.plane.kubeconfig } })
  await installCrds(cluster.plane)
  for (const role of ['viewer', 'editor']) {
    const rules = CHART_RULES[`rulesOf.${role}`] ?? []
    const subject = { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: role }
    await grant(cluster.plane.api, '/apis/rbac.authorization.k8s.io/v1', 'ClusterRole', {
      name: `etl-${role}`,
      rules,
      subject,
    })
  }
  await cluster.apply(cluster.storage())
  await cluster.startOperator({ flags: ['--nats', broker.url] }).leads()
})

after(async () => {
  await cluster?.[Symbol.asyncDispose]()
  await broker?.stop()
})

const options = (user: string) => ({
  cwd: REPOSITORY,
  main: MAIN,
  env: { KUBECONFIG: cluster.plane.user(user).kubeconfig },
})
const as = async (user: string, ...args: string[]) => await loom(args, options(user))
const starts = (user: string, ...args: string[]): Running => start(args, options(user))
const open = (step: string) => writeFileSync(join(cluster.lake, `open-${step}`), '')
/** Prints a line, and writes a row. */
const talks = (name: string, words: string) => ({
  ...gated(name),
  code: { inline: `export default async function* () {\n  console.log('${words}')\n  yield { a: 1 }\n}` },
})

/** Fails until the file `open-<name>` lies in the lake. */
const failing = (name: string) => ({
  ...gated(name),
  code: {
    inline: `import { existsSync } from 'node:fs'
export default async function* () {
  if (!existsSync('/lake/open-${name}')) throw new Error('not yet')
  yield { a: 1 }
}`,
  },
})

/** Without what differs from run to run. */
const plain = (text: string): string => text.replace(/[\d.]+ m?s\b/g, '…').replace(/[\da-f-]{36}/g, 'ID')

describe('people on a cluster', { concurrency: 3 }, () => {
  it('are told when it does not know loom', () => {
    assert.equal(withoutCrds.code, 1)
    assert.match(
      withoutCrds.stderr,
      /^cannot get ETLRun "default\/x": .*does not serve loom\.etl: install the chart.*\n$/,
    )
  })

  it("watch a run to its end, and hear what its steps say, with a viewer's rights", async () => {
    await cluster.apply(run('well', [talks('first', 'hello from the first'), gated('second')]))
    const [watching, following] = [starts('viewer', 'status', 'well', '-w'), starts('viewer', 'logs', 'well', '-f')]
    await watching.says(/^main\/first succeeded in .*, 1 row$/m)
    open('second')
    const [watched, followed] = await Promise.all([watching.ended, following.ended])
    assert.deepEqual([watched.code, followed.code], [0, 0], watched.stderr + followed.stderr)
    assert.match(watched.stderr, /^main\/first succeeded in .*\nmain\/second succeeded in .*, 1 row\n$/)
    assert.match(plain(watched.stdout), /^well succeeded in …, 2 rows written, run id ID$/m)
    assert.match(watched.stdout, /^main\/second +Succeeded +1 /m)
    const lines = followed.stdout.split('\n')
    assert.deepEqual(
      lines.filter((line) => /hello/.test(line)),
      ['[main/first] hello from the first'],
    )
    for (const step of ['first', 'second'])
      assert.match(followed.stdout, new RegExp(`^\\[main/${step}\\] \\S+ info +step ended  state=Succeeded`, 'm'))
    const [once, all, one, json] = await Promise.all([
      as('viewer', 'status', 'well'),
      as('viewer', 'logs', 'well'),
      as('viewer', 'logs', 'well', 'main/first', '--raw', '--tail', '2'),
      as('viewer', 'status', 'well', '--output', 'json'),
    ])
    assert.equal(once.stdout, watched.stdout)
    assert.deepEqual(all.stdout.split('\n').sort(), [...lines].sort())
    assert.match(one.stdout, /^hello from the first\n\{.*"msg":"step ended".*\}\n$/)
    const { phase, steps } = JSON.parse(json.stdout)
    assert.deepEqual([phase, steps.length, json.stderr], ['Succeeded', 2, ''])
  })

  it('hold a run, let it go on and stop it, as editors', async () => {
    await cluster.apply(run('held', [gated('h1'), gated('h2')]))
    const first = await cluster.begun('held')
    const denied = await as('viewer', 'suspend', 'held')
    assert.equal(denied.code, 1)
    assert.match(denied.stderr, /cannot patch resource "etlruns".*; ask for .* etl-editor .*\n$/)
    assert.deepEqual(
      await as('editor', 'suspend', 'held').then(({ code, stdout }) => [code, stdout.split(' ', 4).join(' ')]),
      [0, 'held starts nothing new,'],
    )
    open('h1')
    await cluster.runIs('held', 'is suspended', ({ phase }) => phase === 'Suspended')
    const [again, shown] = await Promise.all([as('editor', 'suspend', 'held'), as('viewer', 'status', 'held')])
    assert.deepEqual([again.code, again.stdout], [0, 'held is suspended already\n'])
    assert.match(
      plain(shown.stdout),
      /^held is Suspended: Suspended: suspended; set spec.suspend to false to go on, 1\/2 steps done, run id ID$/m,
    )
    assert.equal((await as('editor', 'resume', 'held')).stdout, 'held goes on\n')
    await cluster.begun('held', { not: first.metadata.uid })
    const watching = starts('editor', 'status', 'held', '-w')
    assert.match(
      (await as('editor', 'cancel', 'held')).stdout,
      /^held is being cancelled; loom status held -w shows when it has stopped\n$/,
    )
    const { code, stdout } = await watching.ended
    assert.equal(code, 130)
    assert.match(stdout, /^main\/h1 +Succeeded/m)
    assert.match(stdout, /^held cancelled in /m)
    const [late, logs] = await Promise.all([as('editor', 'cancel', 'held', 'hled'), as('viewer', 'logs', 'held', 'h2')])
    assert.equal(late.code, 2)
    assert.match(late.stderr, /cannot find ETLRun "hled": .*did you mean "held"\?/)
    assert.match(late.stderr, /^cannot cancel ETLRun "held": it has ended already: Cancelled$/m)
    assert.match(
      logs.stdout + logs.stderr,
      /step starts|step "main\/h2": it is Cancelled, and its log is no more: its pod is gone/,
    )
  })

  it('let a run that failed, or was cancelled, go on with what has not succeeded', async () => {
    await cluster.apply(run('again', [talks('r1', 'once'), failing('r2'), gated('r3')]))
    const failed = await cluster.ends('again')
    assert.deepEqual([failed.phase, failed.stepStates], ['Failed', 'SFK'])
    open('r2')
    const retried = await as('editor', 'retry', 'again')
    assert.deepEqual(
      [retried.code, retried.stdout],
      [0, 'again runs again what has not succeeded; loom status again -w watches it\n'],
      retried.stderr,
    )
    // a watch that begins at once does not take the old end for the new one
    const watching = starts('viewer', 'status', 'again', '-w')
    await cluster.runIs('again', 'goes on', ({ phase, restarts }) => phase === 'Running' && restarts === 1)
    const early = await as('editor', 'retry', 'again')
    assert.equal(early.code, 2)
    assert.match(early.stderr, /^cannot retry ETLRun "again": it has not ended, it is Running\n$/)
    await as('editor', 'cancel', 'again')
    assert.equal((await watching.ended).code, 130)
    open('r3')
    await as('editor', 'retry', 'again')
    const watched = await as('viewer', 'status', 'again', '-w')
    assert.equal(watched.code, 0, watched.stdout + watched.stderr)
    const status = await cluster.ends('again')
    assert.deepEqual([status.phase, status.stepStates, status.attempt, status.restarts], ['Succeeded', 'SSS', 3, 2])
    const { uid } = (await cluster.run('again'))?.metadata ?? {}
    const commits = Object.entries(commitsByWriter(join(cluster.lake, 'tables'))).filter(([writer]) =>
      writer.startsWith(`loom/${uid}/`),
    )
    assert.deepEqual(
      commits.map(([, count]) => count),
      [1, 1, 1],
    )
    assert.equal((await as('editor', 'retry', 'again')).code, 2)
    assert.match(
      await cluster.tells('again', 'Restarted'),
      /^restarted after (Failed|Cancelled): attempt \d runs what has not succeeded, \d of 3 steps$/,
    )
    await assert.rejects(cluster.patchRun('again', { restarts: 1 }), /spec.restarts may only grow/)
    await assert.rejects(cluster.patchRun('again', { restarts: null }), /spec.restarts may only grow/)
  })

  it('run a pipeline there as here, with the same exit codes', async (t) => {
    const cwd = await folder(t, {
      'shop.yaml': pipelineOf(ORDERS, { params: '{count: {type: integer, default: 1}}' }).replace(
        'values: [',
        'values: [{id: $(params.count), note: x}, ',
      ),
      'runs.yaml': `${runOf('good', '{pipelineRef: {name: shop}}')}---\n${runOf('bad', '{pipelineRef: {name: broken}}')}`,
      'broken.yaml': pipelineOf(
        `- name: breaks\n  sql: SELECT CAST(error('told by the step') AS INTEGER) AS a\n  target: {table: {ref: out.breaks}}\n`,
        { name: 'broken' },
      ),
    })
    const remotely = async (...args: string[]) =>
      await loom(['run', '--remote', ...args], { ...options('editor'), cwd })
    const [good, bad, made, invalid] = await Promise.all([
      remotely('good', '-f', 'shop.yaml', '-f', 'runs.yaml'),
      remotely('bad', '-f', '.'),
      remotely('-f', 'shop.yaml', '--param', 'count=7', '--output', 'json'),
      remotely('-f', 'shop.yaml', '--param', 'count=seven'),
    ])
    assert.deepEqual(
      [good.code, bad.code, made.code, invalid.code],
      [0, 1, 0, 2],
      [good, bad, made, invalid].map(({ stderr, stdout }) => stdout + stderr).join('\n'),
    )
    assert.match(good.stdout, /^good succeeded in .*, 3 rows written/m)
    assert.match(bad.stdout, /error InvalidInput: step "load\/breaks": .*told by the step/)
    assert.match(JSON.parse(made.stdout).name, /^shop-/)
    assert.match(invalid.stdout, /InvalidPipeline: InvalidParamValue at spec.params.count/)
    const again = await remotely('good', '-f', 'shop.yaml', '-f', 'runs.yaml')
    assert.equal(again.code, 0)
    assert.match(
      again.stderr,
      /^good was run before and has ended Succeeded: nothing is run again; .*kubectl delete etlr good -n default$/m,
    )
    const fixed = await remotely('good', '-f', 'shop.yaml', '-f', 'runs.yaml', '--param', 'count=8')
    assert.equal(fixed.code, 2)
    assert.match(
      fixed.stderr,
      /^cannot apply ETLRun "default\/good": .*spec.params can not be changed once the run has started.*\n$/,
    )
  })

  it('leave a run that they follow by Ctrl-C, and it goes on', async (t) => {
    const cwd = await folder(t, {
      'run.json': JSON.stringify({ apiVersion: 'loom.etl/v1alpha1', ...run('left', [talks('l1', 'x'), gated('l2')]) }),
    })
    const following = start(['run', '--remote', '-f', 'run.json'], { ...options('editor'), cwd })
    const logs = starts('viewer', 'logs', 'left', '-f')
    void logs.ended
    await following.says(/^main\/l1 succeeded/m)
    following.child.kill('SIGINT')
    const { code, stdout, stderr } = await following.ended
    assert.deepEqual([code, stdout], [130, ''])
    assert.match(
      stderr,
      /^no longer watching; left goes on: loom status left -w watches it, loom cancel left stops it$/m,
    )
    const detached = await loom(['run', '--remote', '--detach', '-f', 'run.json'], { ...options('editor'), cwd })
    assert.deepEqual(
      [detached.code, detached.stdout],
      [0, 'left is on its way in namespace default; loom status left -w watches it\n'],
    )
    open('l2')
    assert.equal((await cluster.ends('left')).phase, 'Succeeded')
  })

  it('find the lines of their steps among those of others in the log of a warm worker', async () => {
    await cluster.apply(pool('warm', { replicas: { min: 1, max: 1 } }))
    const onPool = { dispatch: { mode: 'nats', pool: 'warm' } }
    await cluster.apply(run('mine', [talks('m1', 'from mine'), talks('m2', 'from mine as well')], onPool))
    await cluster.apply(run('theirs', [talks('t1', 'from theirs')], onPool))
    const followed = await starts('viewer', 'logs', 'mine', '-f').ended
    await cluster.ends('theirs')
    assert.equal(followed.code, 0, followed.stderr)
    const told = ['[main/m1] from mine', '[main/m2] from mine as well']
    assert.deepEqual(
      followed.stdout.split('\n').filter((line) => line.includes('from')),
      told,
    )
    // without a Job no ConfigMap has the plan: the status keeps it, for one that is asked to go on
    await cluster.apply(run('pooled', [talks('m3', ''), failing('m4')], onPool))
    const failed = await cluster.ends('pooled')
    assert.deepEqual([failed.phase, failed.stepStates], ['Failed', 'SF'])
    open('m4')
    assert.equal((await as('editor', 'retry', 'pooled')).code, 0)
    const retried = await cluster.runIs('pooled', 'succeeds', ({ phase }) => phase === 'Succeeded')
    assert.deepEqual([retried.attempt, await cluster.jobs('pooled')], [2, []])
    const [all, one] = await Promise.all([as('viewer', 'logs', 'mine'), as('viewer', 'logs', 'mine', 'm2')])
    assert.equal(all.stdout, followed.stdout)
    assert.match(one.stdout, /^\S+ info +step starts\nfrom mine as well\n\S+ info +step ended .*\n$/)
  })

  it('call all of it by kubectl too, and are told what they may not and what is not there', async (t) => {
    const bin = await folder(t)
    await symlink(MAIN, join(bin, 'kubectl-loom'))
    const { env } = options('nobody')
    const { code, stderr } = await shell('kubectl loom status nothing', {
      cwd: bin,
      // the plugin is started by its first line, with the Node that is found first
      env: { ...env, PATH: `${bin}:${dirname(process.execPath)}:${process.env['PATH']}` },
    })
    assert.equal(code, 1)
    assert.match(stderr, /User "nobody" cannot get resource "etlruns".*; ask for .* etl-viewer .*\n$/)
    const unknown = await as('viewer', 'logs', 'nothing')
    assert.deepEqual([unknown.code, unknown.stderr.split(':')[0]], [2, 'cannot find ETLRun "nothing"'])
  })
})
