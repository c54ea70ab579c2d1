// The four kinds on a real API server: what it takes, what it refuses and why, and how its tools show them.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'
import { API_VERSION, parseValue, renderCrds } from '../../../src/manifest/index.ts'
import { ApiError, type ControlPlane, startControlPlane, until } from '../bed/index.ts'
import { kubectlIsThere } from '../bed/shapes.ts'
import { CASES, type Case, type Manifest, object } from './cases.ts'

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const PATHS: Record<string, string> = {
  ETLPipeline: 'etlpipelines',
  ETLRun: 'etlruns',
  ETLStorage: 'etlstorages',
  ETLWorkerPool: 'etlworkerpools',
}
const NO_KUBECTL = kubectlIsThere() ? false : 'there is no kubectl here'

let plane: ControlPlane

before(async () => {
  plane = await startControlPlane()
})

after(() => plane.stop())

const pathOf = ({ kind }: Manifest) => `/apis/${API_VERSION}/namespaces/default/${PATHS[kind]}`

/** Undefined when the server takes it. */
async function refusal(body: Manifest): Promise<string | undefined> {
  try {
    await plane.api.create(`${pathOf(body)}?dryRun=All&fieldValidation=Strict`, body)
    return undefined
  } catch (error) {
    if (error instanceof ApiError && (error.status === 422 || error.status === 400)) return error.message
    throw error
  }
}

function localErrors(body: Manifest): readonly string[] {
  const errors = parseValue(body, 'case').problems.filter(({ severity }) => severity === 'error')
  return errors.map(({ code, path, message }) => `${code} ${path}: ${message}`)
}

function kubectl(...args: readonly string[]): string {
  return execFileSync('kubectl', ['--kubeconfig', plane.kubeconfig, ...args], { encoding: 'utf8' })
}

function written(name: string, body: unknown): string {
  const file = join(plane.folder, name)
  writeFileSync(file, JSON.stringify(body))
  return file
}

describe('the CRDs', () => {
  it('are taken by the API server without a warning, and served', async () => {
    for (const { yaml } of renderCrds()) {
      const { warnings } = await plane.api.request({
        method: 'POST',
        path: `${CRDS}?fieldValidation=Strict`,
        body: parse(yaml),
      })
      assert.deepEqual(warnings, [])
    }
    for (const plural of Object.values(PATHS)) {
      await until(`${plural} are served`, async () => {
        const { status } = await plane.api.get<{ status: { conditions?: { type: string; status: string }[] } }>(
          `${CRDS}/${plural}.loom.etl`,
        )
        return status.conditions?.some((one) => one.type === 'Established' && one.status === 'True')
      })
      const { status } = await plane.api.get<{ status: { conditions: { type: string }[] } }>(
        `${CRDS}/${plural}.loom.etl`,
      )
      assert.deepEqual(status.conditions.map(({ type }) => type).toSorted(), ['Established', 'NamesAccepted'])
      await until(`${plural} can be listed`, () => plane.api.list(`/apis/${API_VERSION}/${plural}`))
    }
  })
})

describe('an object', () => {
  it('is in a table of at least 60 cases', () => assert.ok(CASES.length >= 60, `${CASES.length}`))

  for (const one of CASES) {
    const verdict = one.refused === undefined ? 'accepted' : 'refused'
    it(`${verdict}: ${one.object.kind}, ${one.why}`, () => check(one))
  }

  async function check({ object: body, refused, locally }: Case): Promise<void> {
    const said = await refusal(body)
    if (refused === undefined) assert.equal(said, undefined)
    else assert.match(said ?? 'it was accepted', refused)
    const errors = localErrors(body)
    const expected = locally ?? (refused === undefined ? 'accepted' : 'refused')
    assert.equal(
      errors.length > 0 ? 'refused' : 'accepted',
      expected,
      `the local parser says: ${errors.join('; ') || 'nothing'}`,
    )
  }

  it('of the examples is taken as it is', async () => {
    const examples = join(import.meta.dirname, '../../../examples')
    for (const file of [
      'flights/pipeline.yaml',
      'flights/run-month.yaml',
      'flights/storage.yaml',
      'temps/pipeline.yaml',
      'upsert/pipeline.yaml',
    ]) {
      for (const document of parseAllDocuments(readFileSync(join(examples, file), 'utf8'))) {
        const body = document.toJS() as Manifest | null
        if (body !== null && PATHS[body.kind] !== undefined) assert.equal(await refusal(body), undefined, file)
      }
    }
  })
})

describe('a new run', () => {
  it('is never read as done before the operator has seen it', async () => {
    const body = { ...object('ETLRun', { pipelineRef: { name: 'p' } }), metadata: { name: 'fresh' } }
    const made = await plane.api.create<{ status: unknown }>(pathOf(body), body)
    assert.deepEqual(made.status, { observedGeneration: -1 })
  })

  it('keeps its status where somebody writes the spec, and its spec where somebody writes the status', async () => {
    const path = `/apis/${API_VERSION}/namespaces/default/etlruns/fresh`
    await plane.api.patch(`${path}/status`, { spec: { suspend: true }, status: { phase: 'Running', progress: '0/1' } })
    const found = await plane.api.patch<{ spec: unknown; status: unknown }>(path, { status: { phase: 'Failed' } })
    assert.deepEqual(found.spec, { pipelineRef: { name: 'p' } })
    assert.deepEqual(found.status, { observedGeneration: -1, phase: 'Running', progress: '0/1' })
  })
})

describe('a run that has started', () => {
  const path = `/apis/${API_VERSION}/namespaces/default/etlruns/started`
  const spec = {
    pipelineRef: { name: 'p' },
    storageRef: { name: 's' },
    params: { month: '2013-01-01', carriers: ['AA'] },
    include: ['load'],
    correlationId: 'c',
    runId: 'r',
    retry: { limit: 1 },
    timeout: '1h',
    dispatch: { maxParallel: 2 },
    step: { resources: { limits: { memory: '1Gi' } } },
    engine: 'duckdb',
  }

  before(async () => {
    const body = { ...object('ETLRun', spec), metadata: { name: 'started' } }
    await plane.api.create(pathOf(body), body)
  })

  it('could be changed before', async () => {
    const changed = await plane.api.patch<{ spec: { timeout: string } }>(path, {
      spec: { timeout: '2h', params: { month: '2013-02-01' } },
    })
    assert.equal(changed.spec.timeout, '2h')
    await plane.api.patch(`${path}/status`, { status: { phase: 'Running', startedAt: '2026-01-01T00:00:00Z' } })
  })

  const CHANGES: Record<string, unknown> = {
    pipelineRef: { name: 'other' },
    storageRef: null,
    params: { month: '2013-03-01' },
    include: ['load', 'more'],
    correlationId: 'd',
    runId: null,
    retry: { limit: 2 },
    timeout: '3h',
    dispatch: { maxParallel: 3 },
    step: { resources: { limits: { memory: '2Gi' } } },
    engine: null,
  }
  for (const [field, value] of Object.entries(CHANGES)) {
    it(`does not let its ${field} be changed`, async () => {
      const change = () => plane.api.patch(path, { spec: { [field]: value } })
      await assert.rejects(
        change,
        new RegExp(`spec.${field} can not be changed once the run has started; make a new run`),
      )
    })
  }

  it('does not let its pipeline be put inside', async () => {
    const change = () => plane.api.patch(path, { spec: { pipelineRef: null, pipeline: { processes: [] } } })
    await assert.rejects(change, ApiError)
  })

  it('may be suspended, cancelled and given a time to live, and its status goes on', async () => {
    await plane.api.patch(path, { spec: { suspend: true, cancel: true, ttlAfterFinished: '1h' } })
    await plane.api.patch(`${path}/status`, { status: { phase: 'Cancelled', progress: '1/2' } })
    const { spec: now } = await plane.api.patch<{ spec: Record<string, unknown> }>(path, {
      metadata: { labels: { a: 'b' } },
    })
    assert.deepEqual([now['suspend'], now['cancel'], now['ttlAfterFinished']], [true, true, '1h'])
  })
})

describe('applying', () => {
  const SPEC = {
    processes: [{ name: 'main', steps: [{ name: 'a', sql: 'SELECT 1', target: { temp: { name: 'x' } } }] }],
  }
  const pipeline = { ...object('ETLPipeline', SPEC), metadata: { name: 'applied' } }

  it('on the server takes an object, again, and changed', async () => {
    const path = `${pathOf(pipeline)}/applied?fieldManager=test`
    const first = await plane.api.patch<Manifest>(path, pipeline, 'apply')
    const again = await plane.api.patch<Manifest>(path, pipeline, 'apply')
    assert.equal(again.metadata['resourceVersion'], first.metadata['resourceVersion'])
    const changed = { ...pipeline, spec: { ...SPEC, description: 'changed' } }
    const third = await plane.api.patch<Manifest>(path, changed, 'apply')
    assert.equal(third.metadata['generation'], 2)
    await plane.api.delete(`${pathOf(pipeline)}/applied`)
  })

  it('on the client does the same', { skip: NO_KUBECTL }, () => {
    const file = written('pipeline.json', pipeline)
    assert.match(kubectl('apply', '-f', file), /created/)
    assert.match(kubectl('apply', '-f', file), /unchanged/)
    written('pipeline.json', { ...pipeline, spec: { ...SPEC, description: 'changed' } })
    assert.match(kubectl('apply', '-f', file), /configured/)
  })

  it('works for the CRDs themselves, on the client and on the server', { skip: NO_KUBECTL }, () => {
    const file = join(import.meta.dirname, '../../../crds')
    assert.doesNotMatch(kubectl('apply', '--server-side', '--force-conflicts', '-f', file), /error/i)
    assert.doesNotMatch(kubectl('apply', '-f', file), /error/i)
  })
})

describe('kubectl', { skip: NO_KUBECTL }, () => {
  it('explains every field of a run with words', () => {
    const text = kubectl('explain', 'etlrun.spec')
    for (const field of [
      'pipelineRef',
      'storageRef',
      'params',
      'include',
      'correlationId',
      'retry',
      'timeout',
      'suspend',
      'cancel',
    ]) {
      assert.match(text, new RegExp(`^ {2}${field}\\t<.+>.*\\n {4}\\S`, 'm'))
    }
    for (const path of ['etlrun.status', 'etlpipeline.spec.processes.steps', 'etlstorage.spec.pods']) {
      assert.doesNotMatch(kubectl('explain', path), /<no description>/)
    }
  })

  it('lists runs, pipelines and storages in columns that tell something', async () => {
    const storage = {
      ...object('ETLStorage', { defaults: { tablePath: { uri: '/lake' } } }),
      metadata: { name: 'default' },
    }
    await plane.api.create(pathOf(storage), storage)
    assert.match(kubectl('get', 'etlr'), /^NAME +PHASE +REASON +PROGRESS +ROWS +DURATION +AGE *\nfresh +Running +0\/1/)
    assert.match(kubectl('get', 'etlr', '-o', 'wide'), /AGE +PIPELINE +MESSAGE/)
    assert.match(kubectl('get', 'etls'), /^NAME +TABLES +AGE *\ndefault +\/lake/)
    assert.match(kubectl('get', 'etlp'), /applied/)
    assert.match(kubectl('get', 'etl'), /etlrun\.loom\.etl\/fresh/)
  })
})
