// Random templates: each character of a rendered text leads back to where it was written.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseTemplate, renderTemplate } from '../../src/plan/index.ts'
import { anyText } from '../base/any-text.ts'

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
  anyText(30),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((pieces) => pieces.join('')),
)
const lawfulTemplate = anySource
  .map((source) => parseTemplate(source))
  .filter(({ errors }) => errors.length === 0)
  .map(({ template }) => template)

describe('a random template', () => {
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
})
