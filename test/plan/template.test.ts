import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseTemplate, renderTemplate } from '../../src/plan/index.ts'

const text = fc
  .array(fc.constantFrom('a', ' ', '$', '(', ')', '$$', '\n', 'params.x', '💥', '|'), { maxLength: 8 })
  .map((pieces) => pieces.join(''))

/** Text as it must be written to mean itself. */
const escaped = (plain: string): string => plain.replaceAll('$(', '$$$$(')

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,5}$/)
const spaces = fc.constantFrom('', ' ', '\n ')

describe('templates', () => {
  it('without placeholders render as they are, however much they look like some', () => {
    fc.assert(
      fc.property(text, (plain) => {
        const { template, errors } = parseTemplate(escaped(plain))
        assert.deepEqual(errors, [])
        assert.equal(renderTemplate(template, () => assert.fail('no placeholder')).text, plain)
      }),
      { numRuns: 500 },
    )
  })

  it('put what stands for each placeholder between the texts, once: what looks like a placeholder in it stays', () => {
    const piece = fc.record({
      before: text.filter((plain) => !plain.endsWith('$')),
      param: name,
      left: spaces,
      right: spaces,
    })
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 4 }), text, (pieces, end) => {
        const source = pieces
          .map(({ before, param, left, right }) => `${escaped(before)}$(${left}params.${param}${right})`)
          .join('')
        const { template, errors } = parseTemplate(`${source}${escaped(end)}`)
        assert.deepEqual(errors, [])
        const { text: rendered } = renderTemplate(template, ({ param }) => `<$(params.${param})>`)
        const wanted = pieces.map(({ before, param }) => `${before}<$(params.${param})>`).join('')
        assert.equal(rendered, `${wanted}${end}`)
      }),
      { numRuns: 500 },
    )
  })

  it('lead from every character of the result back to where it comes from', () => {
    const source = 'a $(params.x) b $$(c) $(params.y|year)d'
    const { template } = parseTemplate(source)
    const { text: rendered, sourceOffset } = renderTemplate(template, () => 'LITERAL')
    assert.equal(rendered, 'a LITERAL b $(c) LITERALd')
    for (const [part, at] of [
      ['a', 0],
      ['b', source.indexOf('b')],
      ['(c', source.indexOf('(c')],
      ['d', source.indexOf('d', 30)],
    ] as const)
      assert.equal(sourceOffset(rendered.indexOf(part)), at, part)
    assert.equal(sourceOffset(rendered.indexOf('ITERAL')), source.indexOf('$(params.x'))
    assert.equal(sourceOffset(rendered.lastIndexOf('ITERAL')), source.indexOf('$(params.y'))
  })

  it('know params and filters, with white space around them', () => {
    const { template } = parseTemplate('$( params.month | year-month )')
    assert.deepEqual(template.parts, [{ param: 'month', filter: 'year-month', start: 0, length: 30 }])
  })

  const refused = [
    '$(x)',
    '$(params)',
    '$(params.)',
    '$(params.x.y)',
    '$(params.x | )',
    '$(params.x | a | b)',
    '$()',
    '$(f(params.x))',
    '$(params.x',
    '$(1)',
    '$(params.1)',
    '$(params["x"])',
  ]
  for (const source of refused)
    it(`refuse ${source}`, () => {
      const { errors } = parseTemplate(`ab ${source}`)
      assert.equal(errors.length, 1)
      assert.equal(errors[0]?.start, 3)
    })

  it('leave alone what the caller takes for plain text', () => {
    const source = '$(params.x) -- $(params.x) $(y)'
    const { template, errors } = parseTemplate(source, (offset) => offset > 11)
    assert.deepEqual(errors, [])
    assert.equal(renderTemplate(template, () => '1').text, '1 -- $(params.x) $(y)')
  })
})
