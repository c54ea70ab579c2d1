// From an offset in a field's text back to the character in the file, for every way to write a text in YAML.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Document, isScalar, parseDocument, type Scalar, visit } from 'yaml'
import { type ParsedDocument, parseDocuments } from '../../src/manifest/index.ts'
import { pipelineWith } from './documents.ts'

const SQL = 'spec.processes[0].steps[0].sql'

function parsed(text: string): ParsedDocument {
  const { documents, problems } = parseDocuments(text, 'in.yaml')
  assert.deepEqual(problems, [])
  assert.ok(documents[0])
  return documents[0]
}

function sqlOf(document: ParsedDocument): string {
  assert.ok(document.kind === 'ETLPipeline')
  const [process] = document.value.spec.processes
  assert.ok(process !== undefined && 'steps' in process)
  const [step] = process.steps
  assert.ok(step !== undefined && 'name' in step && step.sql !== undefined)
  return step.sql
}

/** The text from a place to the end of its line. */
const textAt = (text: string, { line, column }: { line: number; column: number }): string =>
  (text.split('\n')[line - 1] ?? '').slice(column - 1)

describe('locating a field', () => {
  const text = pipelineWith(
    'name: s\nsources:\n  "a": {table: {ref: raw.x, where: [p, q]}}\ntarget: {table: {ref: raw.y}}',
  )
  const document = parsed(text)
  const places: [path: string, there: string][] = [
    ['', 'apiVersion: '],
    ['spec', 'spec:'],
    ['spec.processes[0]', 'name: a'],
    ['spec.processes[0].steps[0].name', 's'],
    ['spec.processes[0].steps[0].sources.a.table.where[1]', 'q]'],
    ['spec.processes[0].steps[0].sources["a"].table.ref', 'raw.x'],
    ['spec.processes[0].steps[0].target.table', 'table: {ref: raw.y'],
    ['spec.processes[0].steps[0].target.table.upsert.keys', 'table: {ref: raw.y'],
    ['spec.processes[7].steps', 'processes:'],
    ['nothing.of.this', 'apiVersion: '],
  ]
  for (const [path, there] of places)
    it(`finds ${path || 'the document'}`, () =>
      assert.equal(textAt(text, document.locate(path)).slice(0, there.length), there))

  it('finds names with dots, quoted or not', () => {
    const odd = pipelineWith(
      'name: s\ntarget: {table: {ref: a.b, replacePartition: {values: {a: 1, a.b: 2, "c[0]": 3}}}}',
    )
    const values = `${SQL.replace('sql', '')}target.table.replacePartition.values`
    for (const [path, there] of [
      ['.a.b', '2,'],
      ['["a.b"]', '2,'],
      ['.c[0]', '3}'],
      ['.a', '1,'],
    ] as const)
      assert.equal(textAt(odd, parsed(odd).locate(values + path)).slice(0, 2), there)
  })
})

describe('locating a character of a text', () => {
  const cases: [why: string, step: string, offsetOf: string, there: string][] = [
    ['a literal block', 'sql: |\n  SELECT a,\n    nope\n  FROM t', 'nope', 'nope'],
    ['a literal block with a first line indented more', 'sql: |2\n    SELECT a,\n  nope\n', 'nope', 'nope'],
    ['a literal block with a comment and chomping', 'sql: |- # note\n\n  SELECT\n\n  nope', 'nope', 'nope'],
    ['a folded block', 'sql: >\n  SELECT a,\n  b,\n\n  nope', 'nope', 'nope'],
    ['a folded block with indented lines', 'sql: >-\n  SELECT a\n    more\n    more\n  x\n  nope', 'nope', 'nope'],
    ['a double-quoted text with escapes', 'sql: "SELECT \\"\\u00e9\\x41\\U0001F600\\t\\\\\\" nope"', 'nope', 'nope'],
    ['a double-quoted text over lines', 'sql: "SELECT  \n\n  a, \\\n   b,\n  nope"', 'nope', 'nope'],
    ['a single-quoted text', "sql: 'SELECT ''it''s''\n  nope'", 'nope', 'nope'],
    ['a plain text over lines', 'sql: SELECT a\n  , b\n\n  nope', 'nope', 'nope'],
    ['a text behind an anchor', 'sql: &q |\n  SELECT\n  nope', 'nope', 'nope'],
    ['an alias of a text', 'description: &q "SELECT nope"\nsql: *q', 'nope', 'nope'],
    ['a text in flow style', 'sql: x\ntarget: {temp: {name: t}}', 'x', 'x'],
  ]
  for (const [why, step, find, there] of cases)
    for (const [ends, text] of [
      ['line feeds', pipelineWith(`name: s\n${step}`)],
      ['carriage returns', pipelineWith(`name: s\n${step}`).replaceAll('\n', '\r\n')],
    ] as const)
      it(`works in ${why}, with ${ends}`, () => {
        const document = parsed(text)
        const place = document.locate(SQL, sqlOf(document).indexOf(find))
        assert.equal(textAt(text, place).slice(0, there.length), there)
      })

  it('answers with the start of the text when the offset is beyond its end', () => {
    const text = pipelineWith('name: s\nsql: abc')
    assert.equal(textAt(text, parsed(text).locate(SQL, 99)), '')
    assert.equal(textAt(text, parsed(text).locate(SQL, 3)), '')
  })

  const styles = ['PLAIN', 'QUOTE_SINGLE', 'QUOTE_DOUBLE', 'BLOCK_LITERAL', 'BLOCK_FOLDED'] as const
  const word = fc.stringMatching(/^[A-Za-z0-9_(),.*=<>$'"\\#:{}|>é😀-]{1,12}$/u)
  const gap = fc.constantFrom(' ', ' ', ' ', '\n', '\n', '  ', '\n\n', '\n  ', ' \n', '\t')
  const sql = fc
    .array(fc.tuple(word, gap), { minLength: 1, maxLength: 12 })
    .chain((parts) => fc.constantFrom('', '\n', '\n\n').map((end) => `${parts.flat().slice(0, -1).join('')}${end}`))

  for (const style of styles)
    it(`finds every character, written ${style.toLowerCase().replace('_', ' ')}`, () => {
      fc.assert(
        fc.property(sql, fc.constantFrom(0, 20, 40), fc.boolean(), fc.boolean(), (wanted, lineWidth, flow, crlf) => {
          const text = written(wanted, { style, lineWidth, flow, crlf })
          fc.pre(isSafe(text)) // the writer leaves some texts plain that can't be
          const document = parsed(text)
          const value = sqlOf(document) // nearly always what was wanted: the writer may lose blanks at the ends of lines
          for (let offset = 0; offset < value.length; offset++) assertSame({ text, value, offset, document })
        }),
        { numRuns: 300 },
      )
    })
})

interface Writing {
  style: Scalar.Type
  lineWidth: number
  flow: boolean
  crlf: boolean
}

/** A pipeline whose only step has this text, in this style as far as YAML can write it so. */
function written(value: string, { style, lineWidth, flow, crlf }: Writing): string {
  const document = new Document(Object(parseDocuments(pipelineWith('name: s\nsql: x'), 'x').documents[0]?.value))
  visit(document, {
    Pair: (_, pair) => {
      if (!isScalar(pair.key) || pair.key.value !== 'sql' || !isScalar(pair.value)) return
      pair.value.value = value
      pair.value.type = style
      delete pair.value.source
    },
    Map: (_, map) => {
      if (flow && map.has('sql')) map.flow = true
    },
  })
  const text = document.toString({ lineWidth, minContentWidth: 0 })
  return crlf ? text.replaceAll('\n', '\r\n') : text
}

const isSafe = (text: string): boolean => parseDocument(text).errors.length === 0

/** The character in the file is the one in the value; where it is escaped or folded, the place is that of the escape or break. */
function assertSame({
  text,
  value,
  offset,
  document,
}: {
  text: string
  value: string
  offset: number
  document: ParsedDocument
}): void {
  const char = value.charAt(offset)
  const there = textAt(text, document.locate(SQL, offset))
  const isFolded = char === '\n' || char === ' ' || char === '\t'
  const fits = there.startsWith(char) || there.startsWith('\\') || (char === "'" && there.startsWith("''")) || isFolded
  assert.ok(
    fits,
    `${JSON.stringify(char)} at ${offset} of ${JSON.stringify(value)} is not at ${JSON.stringify(there)} in\n${text}`,
  )
}
