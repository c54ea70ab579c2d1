// Runs as a Helm release, with the command that docs/gitops.md shows: each day its run, and a day that is added touches no other.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { parseValue } from '../../src/manifest/index.ts'
import { type ControlPlane, type Kube, startControlPlane } from '../cluster/bed/index.ts'
import { installCrds, pathOf } from '../cluster/support/cluster.ts'
import { findHelm } from './bed/helm.ts'

const run = promisify(execFile)
const REPOSITORY = join(import.meta.dirname, '../..')
const shown = /^helm .*$/m.exec(readFileSync(join(REPOSITORY, 'docs/gitops.md'), 'utf8'))?.[0] ?? ''

let plane: ControlPlane

before(async () => {
  plane = await startControlPlane()
  await installCrds(plane)
})

after(async () => await plane?.stop())

async function helm(line: string): Promise<void> {
  const env = { ...process.env, KUBECONFIG: plane.kubeconfig }
  await run('bash', ['--norc', '-euc', line.replace(/^helm/, await findHelm())], { cwd: REPOSITORY, env })
}

const identities = async () =>
  (await plane.api.list<Kube>(pathOf('ETLRun'))).map(({ metadata }) => [metadata.name, metadata.uid])

test('each day of the values has a lawful run, which a further day does not touch', async () => {
  await helm(shown)
  const runs = await plane.api.list<Kube>(pathOf('ETLRun'))
  assert.deepEqual(
    runs.map(({ metadata, spec }) => [metadata.name, (spec as { params: unknown }).params]),
    ['2026-03-01', '2026-03-02'].map((day) => [`sales-${day}`, { day }]),
  )
  for (const { metadata, spec } of runs)
    assert.deepEqual(
      parseValue({ apiVersion: 'loom.etl/v1alpha1', kind: 'ETLRun', metadata: { name: metadata.name }, spec }, 'run')
        .problems,
      [],
    )
  const before = await identities()
  await helm(`${shown} --set-json 'days=["2026-03-01","2026-03-02","2026-03-03"]'`)
  const after = await identities()
  assert.deepEqual([after.slice(0, 2), after.length], [before, 3])
})
