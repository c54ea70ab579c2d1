// examples/gitops without a cluster: what kustomize makes of it is lawful, and what Flux and Argo CD are told to apply is there.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parseAllDocuments, stringify } from 'yaml'
import { kubectlIsThere } from '../cluster/bed/shapes.ts'
import { command } from '../faults/command.ts'

const NO_KUBECTL = kubectlIsThere() ? false : 'there is no kubectl here'
const REPOSITORY = join(import.meta.dirname, '../..')
const EXAMPLES = join(REPOSITORY, 'examples/gitops')

const folder = mkdtempSync(join(tmpdir(), 'loom-gitops-'))
after(() => rmSync(folder, { recursive: true, force: true }))

interface Manifest {
  apiVersion: string
  kind: string
  metadata: { name: string; annotations?: Record<string, string> }
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects, and fails where it is not there
  spec: any
}

const read = (text: string): Manifest[] => parseAllDocuments(text).map((document) => document.toJS() as Manifest)
const manifestsOf = (file: string): Manifest[] => read(readFileSync(join(EXAMPLES, file), 'utf8'))
const rendered = (overlay: string): Manifest[] =>
  read(execFileSync('kubectl', ['kustomize', join(EXAMPLES, overlay)], { encoding: 'utf8' }))

/** Those of ours, checked as `loom check` does, which fails for a run with a param that is missing or of a wrong type. */
async function check(manifests: Manifest[]): Promise<void> {
  const ours = manifests.filter(({ apiVersion }) => apiVersion.startsWith('loom.etl/'))
  writeFileSync(join(folder, 'rendered.yaml'), ours.map((one) => stringify(one)).join('---\n'))
  const { code, out, err } = await command(folder, 'check', '-f', 'rendered.yaml')
  assert.equal(code, 0, out + err)
}

test('kustomize makes a run for each folder, which is lawful and tells its day in name, id and param', {
  skip: NO_KUBECTL,
}, async () => {
  const runs = rendered('kustomize')
  assert.deepEqual(
    runs.map(({ metadata, spec }) => [metadata.name, spec.correlationId, spec.params.day]),
    ['2026-03-01', '2026-03-02'].map((day) => [`sales-${day}`, `sales-${day}`, day]),
  )
  await check([...rendered('pipeline'), ...runs])
})

test('the folder of the Application is lawful, and in waves', { skip: NO_KUBECTL }, async () => {
  const manifests = rendered('argocd/app')
  await check(manifests)
  const waves = manifests.map(({ kind, metadata: { annotations = {} } }) => {
    const hook = annotations['argocd.argoproj.io/hook']
    return `${kind} ${hook ?? annotations['argocd.argoproj.io/sync-wave'] ?? '0'}`
  })
  assert.deepEqual(waves.sort(), ['ConfigMap 2', 'ETLPipeline 0', 'ETLRun 1', 'ETLRun 1', 'ETLRun PostSync'])
})

test('the run that the CronJob makes is lawful once its day is set', async () => {
  const [pipeline] = manifestsOf('pipeline/pipeline.yaml')
  const run = readFileSync(join(EXAMPLES, 'cronjob/run.yaml'), 'utf8').replaceAll('DAY', '2026-03-01')
  await check([pipeline as Manifest, ...read(run)])
})

test('Flux and Argo CD are told to apply folders that are there, one after the other', () => {
  const flux = manifestsOf('flux/kustomizations.yaml').filter(({ kind }) => kind === 'Kustomization')
  const [application] = manifestsOf('argocd/application.yaml')
  const paths = [...flux.map(({ spec }) => spec.path), application?.spec.source.path].filter(
    (path) => path !== './dashboards',
  )
  assert.deepEqual(
    paths.filter((path) => !existsSync(join(REPOSITORY, path, 'kustomization.yaml'))),
    [],
  )
  assert.equal(paths.length, 3)
  const chain = flux.map(({ metadata, spec }) => [spec.dependsOn?.[0].name, metadata.name, spec.wait])
  assert.deepEqual(chain, [
    [undefined, 'sales-pipeline', true],
    ['sales-pipeline', 'sales-runs', true],
    ['sales-runs', 'sales-dashboards', true],
  ])
})
