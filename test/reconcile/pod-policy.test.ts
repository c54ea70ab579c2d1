// What a run may ask of its pods, and what it gets: only what its storage allows.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PodSettings, StoragePods } from '../../src/manifest/index.ts'
import { fileProblems, imageAllowed, policyProblems, settingsOf } from '../../src/reconcile/pod-policy.ts'
import { planWith } from './builder.ts'

describe('a run that asks for', () => {
  const cases: [why: string, asked: PodSettings, storage: StoragePods, refused: RegExp | undefined][] = [
    ['nothing', {}, {}, undefined],
    [
      'resources that nobody allowed',
      { resources: { limits: { memory: '1Ti' } } },
      {},
      /spec\.step\.resources is not allowed/,
    ],
    ['resources that are allowed', { resources: { limits: { memory: '1Gi' } } }, { allow: ['resources'] }, undefined],
    [
      'a node where only resources are allowed',
      { nodeSelector: { gpu: 'yes' } },
      { allow: ['resources'] },
      /nodeSelector/,
    ],
    [
      'an image though all settings are allowed',
      { image: 'x' },
      { allow: ['resources', 'affinity', 'tolerations'] },
      /allowedImages/,
    ],
    ['an image that is allowed', { image: 'reg/etl:1' }, { allowedImages: ['reg/etl:*'] }, undefined],
    [
      'an image that only begins like an allowed one',
      { image: 'reg/etl' },
      { allowedImages: ['reg'] },
      /"reg\/etl" is not allowed/,
    ],
  ]
  for (const [why, asked, storage, refused] of cases)
    it(`${why} is ${refused === undefined ? 'let in' : 'refused'}`, () => {
      const problems = policyProblems(planWith('a'), asked, storage)
      if (refused === undefined) assert.deepEqual(problems, [])
      else assert.match(problems.join(), refused)
    })

  it('code is refused unless the storage allows code, and the step is named', () => {
    const plan = planWith('a', 'b')
    const [step] = plan.stages[0]?.[0]?.stages[1] ?? []
    assert.ok(step)
    step.body = { kind: 'code', inline: 'export default 1' }
    assert.match(policyProblems(plan, {}, {}).join(), /step "p\/b" runs code/)
    assert.deepEqual(policyProblems(plan, {}, { allowCode: true }), [])
  })

  const places: [path: string, isIn: boolean][] = [
    ['orders.csv', true],
    ['deep/*.csv', true],
    ['/files/orders.csv', true],
    ['/lake/landing/a.csv', true],
    ['s3://bucket/a.csv', true],
    ['../etc/loom/nats/password', false],
    ['deep/../../etc/passwd', false],
    ['/etc/loom/nats/password', false],
    ['/etc/*/nats/password', false],
    ['/*/loom/nats/password', false],
    ['/lake/../etc/passwd', false],
    ['/lake/*/../../etc/passwd', false],
    ['/lakes/a.csv', false],
    ['/proc/self/environ', false],
  ]
  const storage: StoragePods = { volumeMounts: [{ name: 'lake', mountPath: '/lake/' }] }
  for (const [path, isIn] of places)
    for (const end of ['source', 'target'] as const)
      it(`file ${path} as a ${end} is ${isIn ? 'let in' : 'refused, and the step is named'}`, () => {
        const plan = planWith('a')
        const [step] = plan.stages[0]?.[0]?.stages[0] ?? []
        assert.ok(step)
        const file = { location: { path }, format: 'parquet', options: {} } as const
        if (end === 'source') step.sources = [{ kind: 'file', alias: 'f', ...file }]
        else step.target = { kind: 'file', ...file, options: { compression: 'zstd' } }
        const problems = fileProblems(plan, '/files', storage)
        if (isIn) assert.deepEqual(problems, [])
        else assert.match(problems.join(), /^step "p\/a" names ".*its owner can list it in spec\.files$/)
      })

  it('a storage without a root of files lets in what it mounts, and nothing else', () => {
    const plan = planWith('a')
    const [step] = plan.stages[0]?.[0]?.stages[0] ?? []
    assert.ok(step)
    const source = (path: string) =>
      ({ kind: 'file', alias: path, location: { path }, format: 'parquet', options: {} }) as const
    step.sources = [source('/lake/a'), source('lake/b'), source('/etc/c')]
    assert.match(fileProblems(plan, '/', storage).join(), /^[^"]*"p\/a" names "\/etc\/c"[^"]*$/)
  })

  it('several things at once is told all of them', () => {
    assert.equal(
      policyProblems(planWith('a'), { image: 'x', priorityClassName: 'y', labels: { a: 'b' } }, {}).length,
      3,
    )
  })
})

describe('the settings of a pod', () => {
  it('are the storage’s, with what the run may change', () => {
    const storage: StoragePods = { allow: ['labels'], labels: { team: 'a', tier: 'x' }, priorityClassName: 'low' }
    const asked: PodSettings = { labels: { tier: 'y' }, priorityClassName: 'high' }
    assert.deepEqual(settingsOf(asked, storage), { labels: { team: 'a', tier: 'y' }, priorityClassName: 'low' })
  })
  it('take resources and affinity as a whole: halves of two make none', () => {
    const storage: StoragePods = {
      allow: ['resources'],
      resources: { requests: { memory: '4Gi' }, limits: { memory: '4Gi' } },
    }
    assert.deepEqual(settingsOf({ resources: { limits: { memory: '1Gi' } } }, storage).resources, {
      limits: { memory: '1Gi' },
    })
  })
})

describe('a pattern of images', () => {
  const cases: [image: string, pattern: string, fits: boolean][] = [
    ['loom:1', 'loom:1', true],
    ['loom:1', 'loom', false],
    ['reg.io/team/loom:1', 'reg.io/*', true],
    ['reg.io.evil/loom:1', 'reg.io/*', false],
    ['reg.io/loom:1', '*', true],
    ['reg.io/a/loom:1', '*/loom:*', true],
    ['reg.io/loom', '*/loom:*', false],
    ['aba', 'ab*ba', false],
    ['abba', 'ab*ba', true],
    ['a', '*a*', true],
    ['loom.1', 'loom?1', false],
    ['', '', true],
  ]
  for (const [image, pattern, fits] of cases)
    it(`${pattern} ${fits ? 'fits' : 'does not fit'} ${image}`, () => {
      assert.equal(imageAllowed(image, [pattern]), fits)
    })
})
