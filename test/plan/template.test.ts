// Templates: what is a placeholder, and where each character of a rendered text comes from.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseTemplate, renderTemplate } from '../../src/plan/index.ts'

const PIECES = [
  '$(params.a)',
  '$( params.b|year )',
  '$$(',
  '$$$(',
  '$',
  '(',
  ')',
  'x ',
  "'",
  '$(',
  '$((params.a))',
  '\n',
  '🎉',
]
const anySource = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((pieces) => pieces.join('')),
)
const lawfulTemplate = anySource
  .map((source) => parseTemplate(source))
  .filter(({ errors }) => errors.length === 0)
  .map(({ template }) => template)

describe('a template', () => {
  it('rendered with its own placeholders is its source, with $$( as $(', () => {
    fc.assert(
      fc.property(lawfulTemplate, (template) => {
        const { source } = template
        const { text } = renderTemplate(template, ({ start, length }) => source.slice(start, start + length))
        assert.equal(
          text,
          source.replaceAll('$$(', () => '$('),
        )
      }),
      { numRuns: 1000 },
    )
  })

  it('leads each character of its text back to the same one in the source, and each literal to its placeholder', () => {
    fc.assert(
      fc.property(lawfulTemplate, fc.string({ maxLength: 5 }), (template, literal) => {
        const { text, sourceOffset } = renderTemplate(template, () => literal)
        let at = 0
        for (const part of template.parts) {
          const piece = 'text' in part ? part.text : literal
          for (const [i, char] of [...piece].entries()) {
            const offset = sourceOffset(at + [...piece].slice(0, i).join('').length)
            if ('text' in part) assert.ok(template.source.startsWith(char, offset), JSON.stringify({ at, i, offset }))
            else assert.equal(offset, part.start)
          }
          at += piece.length
        }
        assert.equal(at, text.length)
      }),
      { numRuns: 1000 },
    )
  })

  it('is filled in once: a placeholder in a value is just text', () => {
    const { template } = parseTemplate('<$(params.a)>')
    assert.equal(renderTemplate(template, () => '$(params.a)').text, '<$(params.a)>')
  })

  it('tells of every $( that is no placeholder where it stands', () => {
    const bad = [
      '$()',
      '$(a)',
      '$(params)',
      '$(params.)',
      '$(params.1a)',
      '$(params.a.b)',
      '$(params.a())',
      '$(params.a || 1)',
    ]
    for (const expression of [...bad, '$(params["a"])', '$(params.a', '$(PARAMS.a)', '$(params.a | b | c)']) {
      const { errors } = parseTemplate(`ab ${expression} c`)
      assert.deepEqual(
        errors.map(({ start }) => start),
        [3],
        expression,
      )
    }
  })

  it('takes white space around names and filters', () => {
    const { template, errors } = parseTemplate('$( params.month   |  year-month )')
    assert.deepEqual(errors, [])
    assert.deepEqual(template.parts, [{ param: 'month', filter: 'year-month', start: 0, length: 33 }])
  })

  it('leaves alone what the caller takes for plain text, lawful or not', () => {
    const { template, errors } = parseTemplate('$(params.x) -- $(params.x) $(y)', (offset) => offset > 11)
    assert.deepEqual(errors, [])
    assert.equal(renderTemplate(template, () => '1').text, '1 -- $(params.x) $(y)')
  })
})
