import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  CAPABILITIES,
  ENGINES,
  SCHEMA_MODES,
  type SchemaMode,
  SUPPORTED,
  type TableTarget,
  WRITE_MODES,
  type WriteMode,
} from '../../src/plan/index.ts'
import { unproved } from './claims.ts'
import { type Place, place, sql } from './place.ts'
import { BODY_CASES, EXPECTED, SOURCE_CASES, type StepCase, TARGET_CASES } from './step-cases.ts'
import { BEFORE, PARTITIONED, WRITE_CASES } from './write-cases.ts'

const target = (write: WriteMode, schema: SchemaMode): TableTarget => ({
  kind: 'table',
  ref: 'lake.t',
  write,
  schema,
  dropExtraColumns: false,
  failOnEmpty: false,
})

async function at<T>(engine: (typeof ENGINES)[number], work: (there: Place) => Promise<T>): Promise<T> {
  const there = place(engine)
  try {
    return await work(there)
  } finally {
    await there.close()
  }
}

test('a claim without a case, and a case without a claim, are found', () => {
  assert.deepEqual(
    unproved({ a: SUPPORTED, b: { unsupported: 'so' }, c: SUPPORTED, d: { unsupported: 'so' } }, { b: 1, c: 1 }),
    ['a has no case', 'b has a case and is not claimed'],
  )
})

for (const engine of ENGINES)
  describe(engine, () => {
    const { sources, bodies, targets, writes } = CAPABILITIES[engine]

    test('everything that is claimed has a case', () => {
      assert.deepEqual(unproved(sources, SOURCE_CASES), [], 'sources')
      assert.deepEqual(unproved(bodies, BODY_CASES), [], 'bodies')
      assert.deepEqual(unproved(targets, TARGET_CASES), [], 'targets')
      for (const mode of WRITE_MODES) assert.deepEqual(unproved(writes[mode], WRITE_CASES[mode]), [], mode)
    })

    const steps: [string, Partial<Record<string, StepCase>>][] = [
      ['source', SOURCE_CASES],
      ['body', BODY_CASES],
      ['target', TARGET_CASES],
    ]
    for (const [what, cases] of steps)
      for (const [name, run] of Object.entries(cases))
        test(`${what} ${name}`, async () => {
          assert.deepEqual(await at(engine, async (there) => run?.(there)), EXPECTED)
        })

    for (const mode of WRITE_MODES)
      for (const schema of SCHEMA_MODES) {
        const capability = writes[mode][schema]
        const found = WRITE_CASES[mode][schema]
        test(`${mode} with schema ${schema}${capability === SUPPORTED ? '' : ' is refused'}`, async () => {
          await at(engine, async (there) => {
            await there.run([], sql(BEFORE), target(PARTITIONED, 'strict'))
            if (capability !== SUPPORTED) {
              const other = WRITE_CASES[mode].strict
              assert.ok(other)
              await assert.rejects(there.run([], sql(other.rows), target(other.write, schema)), (thrown: Error) =>
                thrown.message.endsWith(capability.unsupported),
              )
              return
            }
            assert.ok(found, 'there is no case for it')
            await there.run([], sql(found.rows), target(found.write, schema))
            assert.deepEqual(await there.table('lake.t'), found.gives)
          })
        })
      }
  })
