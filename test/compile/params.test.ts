import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { convertScalar, shown } from '../../src/compile/convert.ts'
import { splitList } from '../../src/compile/list-text.ts'
import type { ParamSpec } from '../../src/manifest/index.ts'
import type { ScalarType, ScalarValue, TypedValue } from '../../src/plan/index.ts'
import { anyText } from '../base/any-text.ts'
import { around, compiled, foundIn, inputOf } from './flow.ts'

const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n }

const anyDay = fc
  .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true })
  .map((day) => day.toISOString().slice(0, 10))

const scalars: Record<ScalarType, fc.Arbitrary<ScalarValue>> = {
  string: anyText().map((value) => ({ type: 'string', value })),
  integer: fc.bigInt(INT64).map((value) => ({ type: 'integer', value: String(value) })),
  number: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => ({ type: 'number', value: value + 0 })),
  boolean: fc.boolean().map((value) => ({ type: 'boolean', value })),
  date: anyDay.map((value) => ({ type: 'date', value })),
  timestamp: fc
    .tuple(anyDay, fc.nat(86_399), fc.nat(999_999))
    .map(([day, second, micros]) => ({ type: 'timestamp', value: `${day}T${clock(second)}.${digits(micros, 6)}Z` })),
  uuid: fc.uuid().map((value) => ({ type: 'uuid', value })),
}
const digits = (value: number, width: number): string => String(value).padStart(width, '0')
const clock = (second: number): string =>
  [second / 3600, (second / 60) % 60, second % 60].map((part) => digits(Math.floor(part), 2)).join(':')

const anyScalar = fc.oneof(...Object.values(scalars))

/** The value of a param of that type, given so; or what is wrong. */
function resolved(spec: ParamSpec, given: unknown): TypedValue | string[] {
  const input = inputOf(
    around([{ name: 's', sql: 'SELECT $(params.x)', target: { temp: { name: 't' } } }], { x: spec }),
    {
      params: { x: given as string },
    },
  )
  const found = foundIn(input)
  return found.length > 0 ? found : (compiled(input).plan.params['x'] ?? [])
}

describe('values of params', () => {
  it('are the same when they are given as the text that they have', () => {
    fc.assert(
      fc.property(anyScalar, (value) => {
        assert.deepEqual(resolved({ type: value.type as ScalarType }, String(value.value)), value)
      }),
      { numRuns: 500 },
    )
  })

  it('are the same when YAML gives them as numbers and truth values', () => {
    fc.assert(
      fc.property(fc.oneof(scalars.number, scalars.boolean), (value) => {
        assert.deepEqual(resolved({ type: value.type as ScalarType }, value.value), value)
      }),
    )
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        assert.deepEqual(resolved({ type: 'integer' }, value), { type: 'integer', value: String(value + 0) })
      }),
    )
  })

  it('keep all 64 bits of an integer, and refuse a 65th', () => {
    for (const value of [INT64.min, INT64.max]) assert.ok('value' in convertScalar(String(value), 'integer'))
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 80n }), (beyond) => {
        assert.ok('why' in convertScalar(String(INT64.max + beyond), 'integer'))
        assert.ok('why' in convertScalar(String(INT64.min - beyond), 'integer'))
      }),
    )
  })

  it('are instants in UTC, whatever zone they are given in', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0002-01-01T00:00:00Z'), max: new Date('9998-01-01T00:00:00Z'), noInvalidDate: true }),
        fc.integer({ min: -14 * 60, max: 14 * 60 }),
        fc.constantFrom('', ':'),
        (instant, offset, colon) => {
          const there = new Date(instant.getTime() + offset * 60_000).toISOString().slice(0, -1)
          const minutes = Math.abs(offset)
          const zone = `${offset < 0 ? '-' : '+'}${digits(Math.floor(minutes / 60), 2)}${colon}${digits(minutes % 60, 2)}`
          assert.deepEqual(convertScalar(`${there}${zone}`, 'timestamp'), {
            value: { type: 'timestamp', value: instant.toISOString().replace('Z', '000Z') },
          })
        },
      ),
    )
  })

  it('take short forms of instants', () => {
    const midnight = '2013-01-31T00:00:00.000000Z'
    const forms: [string, string][] = [
      ['2013-01-31', midnight],
      [' 2013-01-31 00:00 ', midnight],
      ['2013-01-31T00:00:00Z', midnight],
      ['2013-01-31 00:00:00+00', midnight],
      ['2013-01-31T01:30:00.5 +01:30', '2013-01-31T00:00:00.500000Z'],
    ]
    for (const [given, value] of forms)
      assert.deepEqual(convertScalar(given, 'timestamp'), { value: { type: 'timestamp', value } }, given)
  })

  it('are days also where kustomize has written one without quotes as an instant, and only then', () => {
    const day = { value: { type: 'date', value: '2026-03-01' } }
    assert.deepEqual(convertScalar('2026-03-01T00:00:00Z', 'date'), day)
    for (const text of ['2026-03-01T00:00:01Z', '2026-03-01T00:00:00+01:00', '2026-02-30T00:00:00Z', 'T00:00:00Z'])
      assert.ok('why' in convertScalar(text, 'date'), text)
  })

  it('are days and instants that the calendar has', () => {
    const none = [
      '2013-02-29',
      '2013-13-01',
      '2013-00-01',
      '2013-04-31',
      '0000-01-01',
      '13-01-01',
      '2013-1-1',
      '',
      'today',
    ]
    for (const text of none) assert.ok('why' in convertScalar(text, 'date'), text)
    for (const text of [
      ...none,
      '2013-01-01T25:00',
      '2013-01-01T00:60',
      '2013-01-01T00:00:00.1234567Z',
      '2013-01-01T00:00+99',
    ])
      assert.ok('why' in convertScalar(text, 'timestamp'), text)
    for (const text of ['9999-12-31T23:59:59-00:01', '0001-01-01T00:00:00+00:01'])
      assert.ok('why' in convertScalar(text, 'timestamp'), `${text} leaves the years with four digits`)
  })

  it('are never guessed: nothing else than true and false is a truth value, no text is a number by chance', () => {
    for (const given of ['True', 'yes', '1', 1, 0, ''])
      assert.ok('why' in convertScalar(given, 'boolean'), String(given))
    for (const given of ['', ' ', '1_000', '0x10', 'NaN', 'Infinity', '1e400', '1,5', true])
      assert.ok('why' in convertScalar(given, 'number'), String(given))
    for (const given of ['', '1.0', '1e3', '--1', '٣', true, 1.5, Number.NaN])
      assert.ok('why' in convertScalar(given, 'integer'), String(given))
    for (const given of [1, true, null]) assert.ok('why' in convertScalar(given, 'string'), String(given))
  })

  it('can be named like what every object has', () => {
    for (const name of ['constructor', 'toString', 'hasOwnProperty']) {
      const spec = around([{ name: 's', sql: `SELECT $(params.${name})`, target: { temp: { name: 't' } } }], {
        [name]: { type: 'string' },
      })
      assert.deepEqual(foundIn(inputOf(spec)), [`MissingParam spec.params.${name}`])
      assert.deepEqual(compiled(inputOf(spec, { params: { [name]: 'a' } })).plan.params, {
        [name]: { type: 'string', value: 'a' },
      })
    }
  })

  it('are shown in one short line, whatever a program gives', () => {
    const odd: Record<string, unknown> = {}
    odd['self'] = odd
    for (const value of [odd, Symbol('x'), () => 1, undefined, Number.NaN, 'x'.repeat(1000), new Map()]) {
      assert.ok(shown(value).length <= 60)
      assert.ok('why' in convertScalar(value, 'integer'))
    }
  })
})

describe('lists', () => {
  it('are the same as one text with quotes, however odd their items', () => {
    fc.assert(
      fc.property(fc.array(anyText()), fc.boolean(), fc.boolean(), (items, brackets, single) => {
        const quoted = items.map((item) => (single ? `'${item.replaceAll("'", "''")}'` : JSON.stringify(item)))
        const text = brackets ? `[${quoted.join(', ')}]` : quoted.join(',')
        assert.deepEqual(splitList(text), { items })
      }),
      { numRuns: 300 },
    )
  })

  it('need no quotes for plain items', () => {
    assert.deepEqual(splitList('AA,UA'), { items: ['AA', 'UA'] })
    assert.deepEqual(splitList(' [ AA , United Airlines ] '), { items: ['AA', 'United Airlines'] })
    assert.deepEqual(splitList(''), { items: [] })
    assert.deepEqual(splitList('[ ]'), { items: [] })
    assert.deepEqual(splitList(`it's, 5"`), { items: ["it's", '5"'] })
  })

  it('are refused when an item is missing, or goes on behind its quote', () => {
    for (const text of ['a,,b', 'a,', ',', '"a"b', "'a' 'b'"]) assert.ok('why' in splitList(text), text)
  })

  it('are converted item by item, and allowed when each item is in the enum', () => {
    const spec: ParamSpec = { type: 'list', items: 'integer', enum: [1, 2, 3] }
    const wanted = { type: 'list', items: 'integer', value: [1, 3].map((n) => ({ type: 'integer', value: String(n) })) }
    assert.deepEqual(resolved(spec, [1, '3']), wanted)
    assert.deepEqual(resolved(spec, '1,3'), wanted)
    assert.deepEqual(resolved(spec, []), { type: 'list', items: 'integer', value: [] })
    assert.deepEqual(resolved(spec, [1, 4]), ['InvalidParamValue spec.params.x'])
    assert.deepEqual(resolved(spec, [1, 'x']), ['InvalidParamValue spec.params.x[1]'])
  })
})
