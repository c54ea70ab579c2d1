// Which pools take the steps of which runs.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PodSettings, StoragePods } from '../../../src/manifest/index.ts'
import { suits } from '../../../src/reconcile/index.ts'
import { amountOf } from '../../../src/reconcile/pool/quantity.ts'
import { pool } from './pools.ts'

const wish = (settings: PodSettings = {}, pods: StoragePods = {}, storageName = 'default') => ({
  settings,
  pods,
  storageName,
})

const limits = (memory: string | number) => ({ resources: { limits: { memory } } })

describe('a pool suits a run', () => {
  it('of its own storage', () => {
    assert.equal(suits(pool(), wish()), undefined)
    assert.equal(suits(pool({ storageRef: { name: 'lake' } }), wish({}, {}, 'lake')), undefined)
    const refused = suits(pool(), wish({}, {}, 'lake'))
    assert.deepEqual(refused, {
      reason: 'PoolUnsuitable',
      message: 'ETLWorkerPool "warm" serves storage "default", the run uses "lake"',
    })
  })

  it('unless it is paused, or being deleted', () => {
    assert.equal(suits(pool({ paused: true }), wish())?.reason, 'PoolPaused')
    const { metadata } = pool()
    const going = pool({}, { metadata: { ...metadata, deleting: true } })
    assert.match(suits(going, wish())?.message ?? '', /is being deleted/)
  })

  it('unless only its owner can bring it to work, by its present settings', () => {
    const stalled = (observedGeneration: number) =>
      pool(
        {},
        {
          status: {
            conditions: [
              {
                type: 'Stalled',
                status: 'True',
                reason: 'Denied',
                message: 'not allowed',
                lastTransitionTime: '2026-01-01T00:00:00Z',
                observedGeneration,
              },
            ],
          },
        },
      )
    assert.match(suits(stalled(1), wish())?.message ?? '', /has no workers: not allowed/)
    assert.equal(suits(stalled(0), wish()), undefined)
  })

  it('that asks for no more memory than a worker has', () => {
    const large = pool({ resources: { requests: { memory: '1Gi' }, limits: { memory: '4Gi' } } })
    assert.equal(suits(large, wish(limits('4096Mi'))), undefined)
    assert.equal(
      suits(large, wish(limits('4097Mi')))?.message,
      'ETLWorkerPool "warm" has workers with 4Gi of memory, the run asks for 4097Mi',
    )
    assert.match(suits(pool(), wish(limits('2Gi')))?.message ?? '', /with 1Gi of memory/)
    assert.equal(suits(pool(), wish(limits('2Gi'), limits('2Gi'))), undefined, "the storage's are the workers'")
    assert.match(suits(pool(), wish(limits('a lot')))?.message ?? '', /asks for a lot/)
  })

  it('that asks for no more processors, and no device, than a worker has', () => {
    const cpu = (limit: number | string) => ({ resources: { limits: { cpu: limit, memory: '1Gi' } } })
    assert.equal(suits(pool(), wish({ resources: { requests: { cpu: 8 } } })), undefined, 'no limit: all of the node')
    assert.equal(suits(pool(cpu(2)), wish({ resources: { requests: { cpu: '2000m' } } })), undefined)
    assert.match(suits(pool(cpu(2)), wish(cpu('2500m')))?.message ?? '', /with 2 of cpu, the run asks for 2500m/)
    const device = { resources: { limits: { 'nvidia.com/gpu': 1 } } }
    assert.match(suits(pool(), wish(device))?.message ?? '', /workers without nvidia\.com\/gpu/)
  })

  it('that asks for pods of its own only if the workers are such pods', () => {
    const fast: StoragePods = { nodeSelector: { disk: 'fast', zone: 'a' } }
    assert.equal(suits(pool(), wish({ nodeSelector: { disk: 'fast' } }, fast)), undefined)
    assert.match(
      suits(pool(), wish({ nodeSelector: { disk: 'slow' } }, fast))?.message ?? '',
      /nodeSelector "disk: slow"/,
    )
    assert.match(suits(pool(), wish({ image: 'a:2' }, { image: 'a:1' }))?.message ?? '', /another image/)
    const own: StoragePods = { allowedImages: ['a:*'] }
    assert.equal(suits(pool({ pod: { image: 'a:2' } }), wish({ image: 'a:2' }, own)), undefined)
    assert.match(suits(pool(), wish({ affinity: { nodeAffinity: {} } }))?.message ?? '', /another affinity/)
    assert.match(suits(pool(), wish({ labels: { team: 'data' } }))?.message ?? '', /no labels "team: data"/)
  })
})

describe('amounts', () => {
  it('are read as Kubernetes reads them', () => {
    const cases: [unknown, number | undefined][] = [
      ['500m', 0.5],
      ['1Gi', 2 ** 30],
      ['1.5G', 1.5e9],
      ['2e3', 2000],
      ['1E', 1e18],
      [2, 2],
      ['', undefined],
      ['1 Gi', undefined],
      ['1gi', undefined],
      [null, undefined],
    ]
    for (const [text, amount] of cases) assert.equal(amountOf(text), amount, String(text))
  })
})
