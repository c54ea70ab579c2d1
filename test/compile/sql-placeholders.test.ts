// Where placeholders may stand in SQL, tried against the engine that will read it.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { mentionedNames, pieceIndexAt, sqlPieces } from '../../src/compile/sql-pieces.ts'
import { parseSqlTemplate } from '../../src/compile/sql-placeholders.ts'
import { InstancePool } from '../../src/engine/duckdb/instance.ts'
import type { DuckDbSession } from '../../src/engine/duckdb/session.ts'
import { renderTemplate } from '../../src/plan/index.ts'
import { paramLiteral } from '../../src/step/index.ts'
import { openSession } from '../engine/open-session.ts'

let pool: InstancePool
let session: DuckDbSession
before(async () => {
  pool = new InstancePool({ memoryLimit: '512MB', threads: 1 })
  session = await openSession(pool)
})
after(async () => {
  await session.close()
  await pool.close()
})

const X = '$(params.x)'
const kinds = (sql: string) => sqlPieces(sql).map(({ kind, start, end }) => `${kind} ${sql.slice(start, end)}`)
const wrong = (sql: string) => {
  const { errors, misplaced } = parseSqlTemplate(sql)
  return [...errors, ...misplaced].length > 0
}

/** Pieces of SQL that are hard to tell apart, lawful or not. */
const scraps = fc
  .array(
    fc.constantFrom(
      ...[
        "'",
        '"',
        '$',
        '$$',
        '$a$',
        "E'",
        '\\',
        '--',
        '/*',
        '*/',
        '\n',
        '\r',
        ' ',
        'a',
        '1',
        ',',
        X,
        '(',
        ')',
        '.',
        'é',
        '\u00a0',
      ],
    ),
    { maxLength: 14 },
  )
  .map((pieces) => pieces.join(''))

describe('pieces of SQL', () => {
  it('are together the whole text, in order, and none is empty', () => {
    fc.assert(
      fc.property(scraps, (sql) => {
        const pieces = sqlPieces(sql)
        assert.equal(pieces.map(({ start, end }) => sql.slice(start, end)).join(''), sql)
        for (const [i, piece] of pieces.entries()) {
          assert.ok(piece.end > piece.start)
          for (const offset of [piece.start, piece.end - 1]) assert.equal(pieceIndexAt(pieces, offset), i)
        }
      }),
      { numRuns: 1000 },
    )
  })

  const rows: [string, string[]][] = [
    [`a 'it''s' b`, ['code a ', `string 'it''s'`, 'code  b']],
    [`'a\\' b`, ["string 'a\\'", 'code  b']],
    [`E'a\\'b' c`, [`string E'a\\'b'`, 'code  c']],
    [`"a""b".c`, ['name "a""b"', 'code .c']],
    ['a -- b\nc', ['code a ', 'comment -- b', 'code \nc']],
    ['a -- b\rc', ['code a ', 'comment -- b', 'code \rc']],
    ['/* a /* b */ c */ d', ['comment /* a /* b */ c */', 'code  d']],
    ['$$a$b$$ c', ['dollarString $$a$b$$', 'code  c']],
    ['$t$a$$b$t$ c', ['dollarString $t$a$$b$t$', 'code  c']],
    ['a$b$c d', ['code a$b$c d']],
    ["'never closed", ["string 'never closed"]],
    ['/* never closed', ['comment /* never closed']],
  ]
  for (const [sql, wanted] of rows)
    it(`are ${wanted.length} in ${JSON.stringify(sql)}`, () => assert.deepEqual(kinds(sql), wanted))

  it('tell which names are mentioned: not in texts and comments, whatever the case', () => {
    const names = mentionedNames(
      `SELECT Flights.x, "Odd ""name""" FROM flights -- planes\n/* planes */ WHERE y = 'planes'`,
    )
    assert.deepEqual([...names].sort(), ['flights', 'from', 'odd "name"', 'select', 'where', 'x', 'y'])
  })
})

describe('placeholders in SQL', () => {
  const lawful = [
    `SELECT ${X}`,
    `f(${X},${X})`,
    `a=${X}`,
    `${X}::DATE`,
    `[${X}]`,
    `"a" = ${X}`,
    `-${X}`,
    `${X}.upper()`,
    `'a' || ${X}`,
    `DATE '2013-01-01' + ${X}`,
    `'a', ${X}`,
    `'a' -- b\n, ${X}`,
    `IN ${X}`,
    `IN (${X})`,
  ]
  for (const sql of lawful) it(`may stand in ${sql}`, () => assert.equal(wrong(sql), false))

  const misplaced = [
    `'${X}'`,
    `'a ${X}`,
    `"${X}"`,
    `$$${X}$$`,
    `$t$ ${X} $t$`,
    `E'\\'${X}'`,
    `a${X}`,
    `1${X}`,
    `E${X}`,
    `${X}a`,
    `${X}1`,
    `'a'${X}`,
    `${X}'a'`,
    `t.${X}`,
    `${X}${X}`,
    `'a'\n${X}`,
    `'a' -- b\n${X}`,
    `'a' /* b */ ${X}`,
  ]
  for (const sql of misplaced) it(`may not stand in ${JSON.stringify(sql)}`, () => assert.equal(wrong(sql), true))

  it('are left alone in comments, as is anything that looks like one', () => {
    for (const sql of [`1 -- ${X} $(y)`, `1 /* ${X} $(y) */`, '$$ $(y) $$']) {
      const { template, errors, misplaced } = parseSqlTemplate(sql)
      assert.deepEqual(
        { errors, misplaced, parts: template.parts },
        { errors: [], misplaced: [], parts: [{ text: sql }] },
      )
    }
  })

  it('are found at their own offsets', () => {
    const sql = `SELECT '${X}', $$ ${X} $$`
    assert.deepEqual(
      parseSqlTemplate(sql).misplaced.map(({ placeholder }) =>
        sql.slice(placeholder.start, placeholder.start + placeholder.length),
      ),
      [X, X],
    )
  })

  const cruel = fc.constantFrom(
    `'`,
    `''`,
    `\\`,
    `\\'`,
    `' OR 1=1 --`,
    `\\' OR 1=1 --`,
    `$$`,
    `*/`,
    `\n`,
    `"`,
    `'; SELECT 1`,
    `a`,
  )

  it('never let a value become part of the statement: it comes back as it was, or the engine refuses the text', async () => {
    let read = 0
    await fc.assert(
      fc.asyncProperty(scraps, scraps, fc.array(cruel, { maxLength: 3 }), async (left, right, values) => {
        const sql = `SELECT 1 AS n, [${left}${X}${right}] AS v`
        if (wrong(sql)) return
        const value = values.join('')
        const render = (text: string) =>
          renderTemplate(parseSqlTemplate(sql).template, paramLiteral({ x: { type: 'string', value: text } })).text
        const rowsOf = async (text: string) => await session.rows(render(text)).catch(() => 'refused')
        const [plain, odd] = [await rowsOf('plain'), await rowsOf(value)]
        if (plain === 'refused') return // no SQL at all
        read += 1
        const wanted = JSON.stringify(plain).replaceAll('"plain"', () => JSON.stringify(value))
        assert.equal(JSON.stringify(odd), wanted, sql)
      }),
      { numRuns: 3000 },
    )
    assert.ok(read > 20, `only ${read} texts were SQL`)
  })

  it('would let it, were they allowed inside quotes', async () => {
    const broken = `SELECT 'a' = '${X}' AS v`
    const { template } = parseSqlTemplate(broken)
    const { text } = renderTemplate(template, paramLiteral({ x: { type: 'string', value: ' OR 1=1 --' } }))
    const rows = await session.rows(text).catch(() => [])
    assert.notDeepEqual(rows, [{ v: false }])
  })
})
