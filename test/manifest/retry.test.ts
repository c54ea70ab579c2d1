import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backoffMs } from '../../src/manifest/index.ts'

test('waits between attempts grow by the factor, up to the longest', () => {
  assert.deepEqual(
    [1, 2, 3, 6, 7].map((failed) => backoffMs(undefined, failed)),
    [10_000, 20_000, 40_000, 300_000, 300_000],
  )
  assert.deepEqual(
    [1, 2, 3].map((failed) => backoffMs({ initial: '1s', factor: 3, max: '5s' }, failed)),
    [1_000, 3_000, 5_000],
  )
})
