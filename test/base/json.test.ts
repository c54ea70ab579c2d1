import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalJson, isSameJson } from '../../src/base/index.ts'

test('two values are the same JSON if and only if their canonical texts are the same', () => {
  const few = fc.constantFrom('a', 'b', '__proto__')
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(null, true, 0, -0, 1, '', 'a', '0'),
      fc.array(tie('value'), { maxLength: 2 }),
      fc
        .array(fc.tuple(few, fc.oneof(tie('value'), fc.constant(undefined))), { maxLength: 3 })
        .map((members) => Object.fromEntries(members)),
    ),
  }))
  let same = 0
  const isTold = (one: unknown, other: unknown) => {
    const expected = canonicalJson(one) === canonicalJson(other)
    if (expected) same += 1
    assert.equal(isSameJson(one, other), expected)
  }
  fc.assert(fc.property(value, value, isTold), { numRuns: 3_000 })
  assert.ok(same > 50, 'the values are hardly ever the same')
  fc.assert(fc.property(value, (given) => isTold(given, structuredClone(given))))
})
