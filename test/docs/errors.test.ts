// docs/reference/errors.md has every code that a fault gets anywhere in src, with its kind, and no other.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { it } from 'node:test'
import { OPERATOR_FAULTS, RUN_FAULTS, STEP_FAULTS, STORE_FAULTS, TABLE_FAULTS } from '../../src/base/fault-codes.ts'
import { COMPILE_PROBLEM_CODES } from '../../src/compile/problem-codes.ts'
import { MANIFEST_PROBLEM_CODES } from '../../src/manifest/index.ts'
import { codesIn, codesOf } from './fault-codes.ts'
import { REPOSITORY } from './pages.ts'

const TABLES = [STEP_FAULTS, TABLE_FAULTS, STORE_FAULTS, RUN_FAULTS, OPERATOR_FAULTS]
const FAULTS = Object.assign({}, ...TABLES) as (typeof TABLES)[number]
const PROBLEMS: Record<string, string> = { ...MANIFEST_PROBLEM_CODES, ...COMPILE_PROBLEM_CODES }
const given = codesIn(join(REPOSITORY, 'src'))

it('every code that src gives to a fault is in a table of codes', () => {
  assert.ok(given.length > 150, `only ${given.length} places were found`)
  const missing = given.filter(({ code }) => FAULTS[code] === undefined && PROBLEMS[code] === undefined)
  assert.deepEqual(missing, [])
})

it('every code of the tables is given somewhere, and stands in one table only', () => {
  const used = new Set(given.map(({ code }) => code))
  const all = TABLES.flatMap((table) => Object.keys(table))
  assert.deepEqual(
    all.filter((code) => !used.has(code)),
    [],
  )
  assert.equal(new Set(all).size, all.length)
})

it('the tables say the kind that src gives', () => {
  const wrong = given.filter(
    ({ code, kind }) => kind !== undefined && FAULTS[code] !== undefined && FAULTS[code][0] !== kind,
  )
  assert.deepEqual(wrong, [])
})

it('a code is found wherever it is written', () => {
  const text = `
const invalid = (code: string, message: string) => new Fault({ kind: 'invalid', code, message })
const code = what === 'table' ? 'OneWord' : text.startsWith('Ambiguous') ? 'TwoWord' : 'ThreeWord'
throw invalid('FourWord', 'x')
throw new Fault({ kind: 'denied', code: 'FiveWord', message })
// code: 'Commented'
`
  assert.deepEqual(
    codesOf('a.ts', text)
      .map(({ code, kind }) => `${code} ${kind}`)
      .filter((found) => !found.startsWith('Ambiguous')),
    ['FiveWord denied', 'OneWord undefined', 'TwoWord undefined', 'ThreeWord undefined', 'FourWord undefined'],
  )
})
