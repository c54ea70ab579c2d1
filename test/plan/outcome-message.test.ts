// Outcomes as termination messages: never too long, never half, nothing believed.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FAULT_KINDS } from '../../src/base/index.ts'
import {
  decodeOutcome,
  encodeOutcome,
  MAX_MESSAGE_BYTES,
  type OutcomeAddress,
  STEP_STATES,
  type StepOutcome,
} from '../../src/plan/index.ts'
import { anyText as anyChars } from '../base/any-text.ts'

/** Characters that take from one to six bytes in JSON. */
const anyText = (maxLength: number) =>
  fc.oneof(
    fc.string({ maxLength }),
    anyChars(maxLength),
    fc.constantFrom('\u0001', 'é', '🎉', '"', '\ud800').map((char) => char.repeat(maxLength)),
  )

const outcomes = (maxLength: number): fc.Arbitrary<StepOutcome> =>
  fc.record(
    {
      process: fc.stringMatching(/^[a-z]{1,63}$/),
      step: fc.stringMatching(/^[a-z]{1,63}$/),
      state: fc.constantFrom(...STEP_STATES),
      durationMs: fc.nat(),
      write: fc.record(
        {
          rows: fc.nat(),
          bytes: fc.nat(),
          files: fc.nat(),
          tableVersion: fc.nat(),
          alreadyCommitted: fc.constant(true),
          warnings: fc.array(anyText(maxLength), { maxLength: 5 }),
        },
        { requiredKeys: ['rows', 'bytes', 'files', 'warnings'], noNullPrototype: true },
      ),
      error: fc.record(
        {
          kind: fc.constantFrom(...FAULT_KINDS),
          code: fc.stringMatching(/^[A-Z][a-z]{1,30}$/),
          message: anyText(maxLength),
          at: fc.record(
            { field: anyText(maxLength), offset: fc.nat() },
            { requiredKeys: ['field'], noNullPrototype: true },
          ),
        },
        { requiredKeys: ['kind', 'code', 'message'], noNullPrototype: true },
      ),
    },
    { requiredKeys: ['process', 'step', 'state', 'durationMs'], noNullPrototype: true },
  )

const addresses: fc.Arbitrary<OutcomeAddress> = fc.record(
  { runUid: fc.uuid(), attempt: fc.nat(), try: fc.nat() },
  { noNullPrototype: true },
)

describe('an outcome as a message', () => {
  it('comes back as it was when it is short', () => {
    fc.assert(
      fc.property(addresses, outcomes(20), (address, outcome) => {
        assert.deepEqual(decodeOutcome(encodeOutcome(address, outcome)), { version: 1, ...address, outcome })
      }),
    )
  })

  it('never has more than 4096 bytes, and whatever is cut, state, names and the kind of error stay', () => {
    fc.assert(
      fc.property(addresses, outcomes(9000), (address, outcome) => {
        const text = encodeOutcome(address, outcome)
        assert.ok(Buffer.byteLength(text) <= MAX_MESSAGE_BYTES)
        const read = decodeOutcome(text)
        const facts = ({ process, step, state, durationMs, error }: StepOutcome) =>
          [process, step, state, durationMs, error?.kind, error?.code] as const
        assert.deepEqual(read === undefined ? undefined : facts(read.outcome), facts(outcome))
        assert.deepEqual({ runUid: read?.runUid, attempt: read?.attempt, try: read?.try }, address)
      }),
    )
  })

  it('keeps the beginning of a long message and what was written', () => {
    const outcome: StepOutcome = {
      process: 'p',
      step: 's',
      state: 'Failed',
      durationMs: 7,
      write: { rows: 1, bytes: 2, files: 3, tableVersion: 4, warnings: Array.from({ length: 9 }, (_, i) => `${i}`) },
      error: { kind: 'invalid', code: 'SqlError', message: `no such column${'!'.repeat(9000)}`, at: { field: 'sql' } },
    }
    const read = decodeOutcome(encodeOutcome({ runUid: 'u', attempt: 1, try: 1 }, outcome))?.outcome
    assert.equal(read?.write?.rows, 1)
    assert.equal(read?.error?.message.startsWith('no such column!!!'), true)
    assert.equal(read?.error?.message.endsWith('…'), true)
    assert.deepEqual(read?.error?.at, { field: 'sql' })
  })

  it('is read without an exception, whatever a container wrote', () => {
    const near = fc.record({
      version: fc.constantFrom(1, 2, '1'),
      runUid: fc.oneof(fc.constant('u'), fc.jsonValue()),
      attempt: fc.oneof(fc.constant(1), fc.jsonValue()),
      try: fc.oneof(fc.constant(1), fc.jsonValue()),
      outcome: fc.oneof(
        fc.jsonValue(),
        fc.record({
          process: fc.constant('p'),
          step: fc.constant('s'),
          state: fc.constantFrom(...STEP_STATES),
          durationMs: fc.jsonValue(),
          write: fc.oneof(fc.jsonValue(), fc.record({ rows: fc.jsonValue(), warnings: fc.jsonValue() })),
          error: fc.oneof(fc.jsonValue(), fc.record({ kind: fc.jsonValue(), at: fc.jsonValue() })),
        }),
      ),
    })
    const texts = fc.oneof(
      fc.string(),
      fc.json(),
      near.map((value) => JSON.stringify(value)),
    )
    fc.assert(
      fc.property(texts, addresses, (text, address) => {
        const read = decodeOutcome(text)
        if (read !== undefined)
          assert.deepEqual(decodeOutcome(encodeOutcome(address, read.outcome))?.outcome, read.outcome)
      }),
      { numRuns: 2000 },
    )
  })

  it('of another version, or without its address, is none', () => {
    const text = encodeOutcome(
      { runUid: 'u', attempt: 1, try: 0 },
      { process: 'p', step: 's', state: 'Succeeded', durationMs: 1 },
    )
    const changed = (fields: object) => decodeOutcome(JSON.stringify({ ...JSON.parse(text), ...fields }))
    assert.notEqual(decodeOutcome(text), undefined)
    for (const fields of [{ version: 2 }, { runUid: 7 }, { attempt: -1 }, { try: null }, { outcome: [] }])
      assert.equal(changed(fields), undefined)
  })
})
