// A run on a cluster in words: how it is now, how it has ended, and with which exit code.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { remoteExitCode, remoteReportText } from '../../src/cli/progress/remote.ts'
import { documentsToApply } from '../../src/cli/remote-runs.ts'
import { parseDocuments } from '../../src/manifest/index.ts'
import { type RunView, runView, type StepView } from '../../src/remote/index.ts'
import { aRun } from '../reconcile/builder.ts'
import { ORDERS, pipelineOf, runOf, storageOf } from './loom.ts'

const plain = (_style: string, text: string): string => text
const view = (more: Partial<RunView>): RunView => ({ ...runView(aRun(), undefined), ...more })
const step = (name: string, state: StepView['state'], more: Partial<StepView> = {}): StepView => ({
  process: 'p',
  step: name,
  state,
  ...more,
})

describe('the report of a run on a cluster', () => {
  it('has the steps, what has failed and what holds one up, and one line for all', () => {
    const text = remoteReportText(
      view({
        phase: 'Failed',
        reason: 'StepFailed',
        message: 'step "p/b" failed: OutOfMemory: too large',
        duration: '3.0 s',
        rows: 1200,
        runId: 'r-1',
        steps: [
          step('a', 'Succeeded', { rows: 1200, bytes: 2048, tableVersion: 3, durationMs: 1500 }),
          step('b', 'Failed', { reason: 'OutOfMemory', message: 'too large' }),
          step('c', 'Skipped'),
        ],
        untold: 1,
      }),
      plain,
    )
    assert.deepEqual(text.split('\n'), [
      'STEP  STATE       ROWS     SIZE  VERSION   TIME',
      '────  ─────────  ─────  ───────  ───────  ─────',
      'p/a   Succeeded  1,200  2.0 KiB        3  1.5 s',
      'p/b   Failed',
      'p/c   Skipped',
      '',
      '1 more step; their names stand in the plan only',
      '',
      'error OutOfMemory: step "p/b": too large',
      'daily failed in 3.0 s, 1,200 rows written, run id r-1',
      '',
    ])
  })

  it('says what a run waits for that has not begun', () => {
    const waits = view({ phase: 'Pending', reason: 'StorageNotFound', message: 'there is none' })
    assert.equal(remoteReportText(waits, plain), 'daily is Pending: StorageNotFound: there is none\n')
    const held = view({
      phase: 'Running',
      reason: 'Unschedulable',
      message: 'step "p/a": no node',
      progress: '0/1',
      steps: [step('a', 'Running', { reason: 'Unschedulable', message: 'no node' })],
    })
    assert.match(
      remoteReportText(held, plain),
      /^warning Unschedulable: step "p\/a": no node\ndaily is Running: Unschedulable: .*, 0\/1 steps done\n$/m,
    )
  })

  it('says why a run was refused, and ends as a local run does', () => {
    const refused = view({ phase: 'Failed', reason: 'InvalidPipeline', message: 'UnknownParam at spec.params.x: no' })
    assert.match(
      remoteReportText(refused, plain),
      /^error InvalidPipeline: UnknownParam at spec.params.x: no\ndaily failed, 0 rows written\n$/,
    )
    const codes = [
      refused,
      view({ phase: 'Failed', reason: 'Denied' }),
      view({ phase: 'Failed', reason: 'StepFailed' }),
      view({ phase: 'Cancelled', reason: 'Cancelled' }),
      view({ phase: 'Succeeded' }),
    ].map(remoteExitCode)
    assert.deepEqual(codes, [2, 2, 1, 130, 0])
  })
})

describe('what run --remote brings to the cluster', () => {
  const apply = (text: string, choice: Partial<Parameters<typeof documentsToApply>[1]> = {}) => {
    const { documents, problems } = parseDocuments(text, 'f.yaml')
    assert.deepEqual(
      problems.filter(({ severity }) => severity === 'error'),
      [],
    )
    const placed = documents.map((document) => ({ ...document, file: 'f.yaml', folder: '/' }))
    return documentsToApply({ documents: placed }, { names: [], params: {}, ...choice })
  }
  const shop = pipelineOf(ORDERS)
  const other = pipelineOf(ORDERS, { name: 'other' })
  const run = (name: string, pipeline: string) => runOf(name, `{pipelineRef: {name: ${pipeline}}, retry: {limit: 1}}`)

  it('are the runs that are asked for, and the pipelines that they name; storages are left alone', () => {
    const text = [shop, other, run('one', 'shop'), run('two', 'elsewhere'), storageOf('default', '/t')].join('---\n')
    const all = apply(text)
    assert.deepEqual(
      all.pipelines.map(({ value }) => value.metadata.name),
      ['shop'],
    )
    assert.deepEqual(
      all.runs.map(({ value }) => value.metadata.name),
      ['one', 'two'],
    )
    assert.deepEqual(all.left, ['ETLStorage "default"'])
    const two = apply(text, { names: ['two'] })
    assert.deepEqual([two.pipelines, two.runs.length], [[], 1])
  })

  it('is one more run of the only pipeline, with what the command line says', () => {
    const { pipelines, runs } = apply(shop, {
      params: { n: '7' },
      include: ['orders'],
      retries: 2,
      runId: 'r',
      correlationId: 'c',
    })
    assert.equal(pipelines.length, 1)
    assert.deepEqual(runs[0]?.value.metadata, { generateName: 'shop-' })
    assert.deepEqual(runs[0]?.value.spec, {
      pipelineRef: { name: 'shop' },
      params: { n: '7' },
      include: ['orders'],
      retry: { limit: 2 },
      runId: 'r',
      correlationId: 'c',
    })
    assert.throws(() => apply(`${shop}---\n${other}`), /the files hold the pipelines shop, other and no ETLRun/)
    assert.throws(() => apply(storageOf('default', '/t')), /hold no ETLRun and no ETLPipeline/)
  })

  it('is the run as it is written where the command line says nothing', () => {
    assert.deepEqual(apply(run('one', 'shop')).runs[0]?.value.spec, {
      pipelineRef: { name: 'shop' },
      retry: { limit: 1 },
    })
  })
})
