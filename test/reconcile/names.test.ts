// Names and labels: lawful for Kubernetes, the same every time, different for different things.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { cleanUpName, configMapName, jobName, labelsOf, labelValue, type TryId } from '../../src/reconcile/index.ts'
import { anyText } from '../base/any-text.ts'
import { planWith, stored } from './builder.ts'

const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const LABEL_VALUE = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/
const name = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?$/)
const runs = fc.record({ name, namespace: fc.constant('etl'), uid: fc.uuid() })
const ids: fc.Arbitrary<TryId> = fc.record({
  process: fc.stringMatching(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/),
  step: fc.stringMatching(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/),
  attempt: fc.integer({ min: 1, max: 101 }),
  try: fc.integer({ min: 1, max: 6 }),
})

describe('names', () => {
  it('of Jobs, ConfigMaps and clean-ups are DNS labels, whatever the run is called', () => {
    fc.assert(
      fc.property(runs, ids, (run, id) => {
        const names = [jobName(run, id), configMapName(run, stored(planWith('a'))), cleanUpName(run, 'run')]
        for (const made of names) assert.match(made, DNS_LABEL)
      }),
    )
  })
  it('are the same for the same thing', () => {
    const [run, id] = [
      { name: 'daily', namespace: 'etl', uid: 'u' },
      { process: 'p', step: 'a', attempt: 1, try: 2 },
    ]
    assert.equal(jobName(run, id), jobName({ ...run }, { ...id }))
    assert.equal(jobName(run, id), `daily-a-${jobName(run, id).slice(-10)}`)
  })
  it('differ whenever run, process, step, attempt or try differ', () => {
    const [run, id] = [
      { name: 'daily', namespace: 'etl', uid: 'u' },
      { process: 'p', step: 'a', attempt: 1, try: 1 },
    ]
    const made = [
      jobName(run, id),
      jobName({ ...run, uid: 'v' }, id),
      jobName(run, { ...id, process: 'q' }),
      jobName(run, { ...id, step: 'b' }),
      jobName(run, { ...id, attempt: 2 }),
      jobName(run, { ...id, try: 2 }),
      jobName(run, { ...id, attempt: 12, try: 1 }),
      jobName(run, { ...id, attempt: 1, try: 21 }),
      cleanUpName(run, 'run'),
      cleanUpName(run, 'correlation'),
    ]
    assert.equal(new Set(made).size, made.length)
  })
  it('of ConfigMaps tell their content', () => {
    const run = { name: 'daily', namespace: 'etl', uid: 'u' }
    const plan = planWith('a')
    const other = { ...stored(plan), pods: { serviceAccountName: 'admin' } }
    assert.notEqual(configMapName(run, stored(plan)), configMapName(run, other))
    assert.notEqual(configMapName(run, stored(plan)), configMapName(run, stored(planWith('b'))))
    assert.equal(configMapName(run, stored(plan)), configMapName(run, JSON.parse(JSON.stringify(stored(plan)))))
  })
})

describe('labels', () => {
  it('have lawful values, and those that were lawful as they are', () => {
    fc.assert(
      fc.property(fc.oneof(name, anyText(80)), (text) => {
        assert.match(labelValue(text), LABEL_VALUE)
        if (LABEL_VALUE.test(text)) assert.equal(labelValue(text), text)
      }),
    )
  })
  it('of a step tell whose it is', () => {
    const run = { name: 'daily', namespace: 'etl', uid: 'u' }
    assert.deepEqual(labelsOf(run, 'main', { process: 'p', step: 'a', attempt: 2, try: 3 }), {
      'app.kubernetes.io/managed-by': 'loom-operator',
      'app.kubernetes.io/component': 'step',
      'loom.etl/pipeline': 'main',
      'loom.etl/run': 'daily',
      'loom.etl/run-uid': 'u',
      'loom.etl/process': 'p',
      'loom.etl/step': 'a',
      'loom.etl/attempt': '2',
      'loom.etl/try': '3',
    })
  })
})
