// docs/gitops.md is a promise: every command in it is run, in its order, against a real API server with an operator and a node. Those of
// Helm are run in chart/gitops.test.ts.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { blocksOf, commandsOf } from '../docs/pages.ts'
import type { Kube } from './bed/index.ts'
import { kubectlIsThere } from './bed/shapes.ts'
import { Cluster, pathOf } from './support/cluster.ts'
import { REPOSITORY } from './support/operator-process.ts'

const NO_KUBECTL = kubectlIsThere() ? false : 'there is no kubectl here'
const CONFIG = '/api/v1/namespaces/argocd/configmaps'
/** The page shows how to wait before it shows how the runs are made. */
const MADE_FIRST = ['kubectl apply -k examples/gitops/pipeline', 'kubectl apply -k examples/gitops/kustomize']

const commands = blocksOf('docs/gitops.md')
  .filter(({ mark }) => mark.kind === 'run' && mark.where === 'gitops')
  .flatMap((block) => commandsOf(block).map(({ text }) => text))
  .filter((command) => !command.startsWith('helm '))

let cluster: Cluster

before(async () => {
  cluster = await Cluster.start()
  await cluster.apply(cluster.storage())
  const { api } = cluster.plane
  await api.create('/api/v1/namespaces', { metadata: { name: 'argocd' } })
  await api.create(CONFIG, { metadata: { name: 'argocd-cm' }, data: { url: 'https://argocd.example.com' } })
  await cluster.startOperator().leads()
  const main = join(REPOSITORY, 'dist/cli/main.js')
  writeFileSync(join(cluster.plane.folder, 'loom'), `#!/bin/sh\nexec ${process.execPath} ${main} "$@"\n`, {
    mode: 0o755,
  })
})

after(async () => await cluster?.[Symbol.asyncDispose]())

async function shell(command: string): Promise<{ code: number | null; said: string }> {
  const env = {
    ...process.env,
    PATH: `${cluster.plane.folder}:${process.env['PATH']}`,
    KUBECONFIG: cluster.plane.kubeconfig,
  }
  const child = spawn('bash', ['--norc', '-euc', command], { cwd: REPOSITORY, env, timeout: 120_000 })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, said }
}

const runNames = async () => (await cluster.plane.api.list<Kube>(pathOf('ETLRun'))).map(({ metadata }) => metadata.name)

describe('docs/gitops.md', { skip: NO_KUBECTL }, () => {
  for (const command of [...MADE_FIRST, ...commands])
    it(command, async () => {
      const { code, said } = await shell(command)
      assert.equal(code, 0, said)
      if (command.includes('.status.phase')) assert.match(said, /^Succeeded: /)
      if (command.startsWith('kubectl diff')) assert.equal(said, '')
    })

  it('has added to the configuration of Argo CD, and taken nothing from it', async () => {
    const { data } = await cluster.plane.api.get<Kube & { data: Record<string, string> }>(`${CONFIG}/argocd-cm`)
    const keys = ['actions.loom.etl_ETLRun', 'health.loom.etl_ETLRun', 'health.loom.etl_ETLWorkerPool']
    assert.deepEqual(Object.keys(data).sort(), [...keys.map((key) => `resource.customizations.${key}`), 'url'])
  })

  it('has a CronJob whose run tells the day, succeeds, and is made once', async () => {
    const name = (await runNames()).find((one) => !/2026-03-0[12]$/.test(one)) ?? ''
    assert.match(name, /^sales-\d{4}-\d\d-\d\d$/)
    assert.equal((await cluster.ends(name)).phase, 'Succeeded')
    const again = `sed s/DAY/${name.slice('sales-'.length)}/ examples/gitops/cronjob/run.yaml | kubectl create -f -`
    assert.match((await shell(again)).said, /AlreadyExists/)
  })

  it('makes runs of the same name again, as other runs', async () => {
    await cluster.deleteRun('sales-2026-03-01')
    assert.equal((await shell('kubectl apply -k examples/gitops/kustomize')).code, 0)
    assert.equal((await cluster.ends('sales-2026-03-01')).rows, 2)
  })

  it('shows an Application whose folder can be rendered and applied', async () => {
    const { code, said } = await shell(
      'kubectl apply --server-side --dry-run=server --force-conflicts -k examples/gitops/argocd/app',
    )
    assert.equal(code, 0, said)
    assert.match(said, /after-sync serverside-applied/)
  })
})
