// How GitOps tools read our states: every state is made on a real API server, with the status that the operator's decision gives
// it, and is then read by kstatus, by Argo CD's Lua with the scripts that we ship, and by kubectl.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parse } from 'yaml'
import { type Answer, judge } from '../gitops/bed/judge.ts'
import { rowOf, STATES, type State } from '../gitops/states.ts'
import { documentedRows, documentRows } from '../gitops/table.ts'
import { type ControlPlane, type Kube, startControlPlane } from './bed/index.ts'
import { kubectlIsThere } from './bed/shapes.ts'
import { installCrds, pathOf } from './support/cluster.ts'
import { quick } from './support/pipelines.ts'

const NO_KUBECTL = kubectlIsThere() ? false : 'there is no kubectl here'
const KINDS = ['ETLRun', 'ETLWorkerPool'] as const
const WAITED_FOR = { ETLRun: 'Succeeded', ETLWorkerPool: 'Ready' } as const
const CONFIG = join(import.meta.dirname, '../../docs/gitops/argocd/argocd-cm.yaml')
const argo: Record<string, string> = parse(readFileSync(CONFIG, 'utf8')).data

let plane: ControlPlane
const objects = new Map<State, Kube>()

before(async () => {
  plane = await startControlPlane()
  await installCrds(plane)
  const all = await Promise.all(STATES.map((state, at) => made(state, `state-${at}`)))
  for (const [at, state] of STATES.entries()) objects.set(state, all[at] as Kube)
})

after(async () => await plane?.stop())

/** The object as the API server has it. */
async function made(state: State, name: string): Promise<Kube> {
  const { kind, status, finalizer, afterwards } = state
  const spec = kind === 'ETLRun' ? { pipelineRef: { name: 'p' }, ...state.spec } : state.spec
  const path = `${pathOf(kind)}/${name}`
  const finalizers = finalizer === undefined ? [] : [finalizer]
  await plane.api.create(pathOf(kind), { apiVersion: 'loom.etl/v1alpha1', kind, metadata: { name, finalizers }, spec })
  const generation = status?.observedGeneration ?? 1
  if (generation > 1) await plane.api.patch(path, { spec: { ttlAfterFinished: '1d' } })
  if (status !== undefined) await plane.api.patch(`${path}/status`, { status })
  if (afterwards === 'delete') await plane.api.delete(path)
  else if (afterwards !== undefined) await plane.api.patch(path, afterwards)
  return await plane.api.get(path)
}

/** Those that meet the condition now, of all objects of the kind. */
async function met(kind: State['kind']): Promise<Set<string>> {
  const flags = ['--kubeconfig', plane.kubeconfig, '--timeout=0']
  const args = ['wait', kind, '--all', `--for=condition=${WAITED_FOR[kind]}`, ...flags]
  const said = await new Promise<string>((resolve) => execFile('kubectl', args, (_, stdout) => resolve(stdout)))
  return new Set([...said.matchAll(/\/(\S+) condition met/g)].map(([, name = '']) => name))
}

async function readings(kind: State['kind']): Promise<{ state: State; kstatus: Answer; argo: Answer }[]> {
  const script = argo[`resource.customizations.health.loom.etl_${kind}`] ?? ''
  const seen = [...objects].filter(([state]) => state.kind === kind)
  const [flux, health] = await Promise.all([
    judge(seen.map(([, object]) => ({ ask: 'kstatus', object }))),
    judge(seen.map(([, object]) => ({ ask: 'health', object, script }))),
  ])
  return seen.map(([state], at) => ({ state, kstatus: flux[at] ?? {}, argo: health[at] ?? {} }))
}

for (const kind of KINDS)
  describe(`an ${kind}`, () => {
    it('is read by every tool as the page says, state by state', { skip: NO_KUBECTL }, async () => {
      const [read, waited] = await Promise.all([readings(kind), met(kind)])
      const rows = read.map(({ state, kstatus, argo: health }) => {
        assert.deepEqual([kstatus.error, health.error], [undefined, undefined], state.title)
        const wait = waited.has(objects.get(state)?.metadata.name ?? '')
        return rowOf(state, { kstatus: kstatus.status ?? '', argo: health.status ?? '', wait })
      })
      if (process.env['UPDATE_GOLDEN'] === '1') documentRows(kind, rows)
      assert.deepEqual(documentedRows(kind), rows)
    })

    it('has a health with a message that says why', async () => {
      for (const { state, argo: health } of await readings(kind))
        assert.ok((health.message ?? '').length > 3, `${state.title}: ${JSON.stringify(health)}`)
    })
  })

it('a pipeline and a storage are current as soon as they are there', async () => {
  const manifests = [
    { kind: 'ETLPipeline', spec: { processes: [{ name: 'p', steps: [quick('a')] }] } },
    { kind: 'ETLStorage', spec: {} },
  ]
  for (const manifest of manifests) {
    const body = { apiVersion: 'loom.etl/v1alpha1', ...manifest, metadata: { name: 'plain' } }
    const object = await plane.api.create(pathOf(manifest.kind), body)
    assert.equal((await judge([{ ask: 'kstatus', object }]))[0]?.status, 'Current', manifest.kind)
  }
})

describe('the tools agree', { skip: NO_KUBECTL }, () => {
  it('whether a run has succeeded, is under way or has ended without success', () => {
    const cells = documentedRows('ETLRun').map((row) => row.slice(-3).join(', '))
    assert.deepEqual([...new Set(cells)].sort(), [
      'Current, Healthy, met',
      'Failed, Degraded, not met',
      'InProgress, Progressing, not met',
      'InProgress, Suspended, not met',
      'Terminating, Progressing, not met',
    ])
  })
})

describe('the menu of a run in Argo CD', () => {
  const actions = parse(argo['resource.customizations.actions.loom.etl_ETLRun'] ?? '') as {
    'discovery.lua': string
    definitions: { name: string; 'action.lua': string }[]
  }
  const stateCalled = (wanted: string) => {
    const found = [...objects].find(([{ kind, title }]) => kind === 'ETLRun' && title === wanted)
    assert.ok(found !== undefined, wanted)
    return found[1]
  }

  it('has what can be done just now, and nothing once the run has succeeded', async () => {
    const offers: [title: string, offered: string[]][] = [
      ['made, not yet seen', ['cancel', 'suspend']],
      ['runs', ['cancel', 'suspend']],
      ['suspended', ['cancel', 'resume']],
      ['is being cancelled', []],
      ['succeeded', []],
      ['a step failed', ['retry']],
      ['cancelled', ['retry']],
    ]
    const script = actions['discovery.lua']
    const answers = await judge(offers.map(([title]) => ({ ask: 'lua', object: stateCalled(title), script })))
    for (const [at, [title, offered]] of offers.entries()) {
      const menu = Object.entries((answers[at]?.value ?? {}) as Record<string, { disabled: boolean }>)
      assert.deepEqual(menu.map(([name]) => name).sort(), actions.definitions.map(({ name }) => name).sort())
      const enabled = menu.filter(([, { disabled }]) => !disabled).map(([name]) => name)
      assert.deepEqual(enabled.sort(), offered, title)
    }
  })

  it('changes fields of the spec that may be changed, in a way that the API server takes', async () => {
    const changes: [title: string, action: string, changed: object][] = [
      ['runs', 'cancel', { cancel: true }],
      ['started', 'suspend', { suspend: true }],
      ['suspended', 'resume', { suspend: false }],
      ['a step failed', 'retry', { restarts: 1 }],
      ['cancelled', 'retry', { restarts: 1, cancel: false }],
    ]
    for (const [title, action, changed] of changes) {
      const object = stateCalled(title)
      const script = actions.definitions.find(({ name }) => name === action)?.['action.lua'] ?? ''
      const [{ value, error } = {}] = await judge([{ ask: 'lua', object, script }])
      assert.equal(error, undefined)
      const spec = { ...(object['spec'] as object), ...changed }
      assert.deepEqual((value as Kube)['spec'], spec)
      const path = `${pathOf('ETLRun')}/${object.metadata.name}`
      assert.deepEqual((await plane.api.patch<Kube>(path, { spec }))['spec'], spec)
    }
  })
})
