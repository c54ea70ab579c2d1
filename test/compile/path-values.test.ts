// Whatever a run gives as the value of a param: a path leads into the folder that the pipeline names, and as deep.
import assert from 'node:assert/strict'
import { posix } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compile } from '../../src/compile/index.ts'
import { anyText } from '../base/any-text.ts'

const ROOT = '/manifests'

/** The absolute path that a source's path becomes, or the codes of its problems. */
function pathFor(path: string, params: Record<string, string>): string | string[] {
  const result = compile({
    pipeline: {
      name: 'p',
      spec: {
        params: Object.fromEntries(Object.keys(params).map((name) => [name, { type: 'string' as const }])),
        processes: [
          {
            name: 'p',
            steps: [
              {
                name: 's',
                sources: { f: { file: { path, format: 'csv' } } },
                target: { temp: { name: 't' } },
              },
            ],
          },
        ],
      },
    },
    run: { params },
    facts: { workingFolder: '/work-folder', manifestFolder: ROOT },
  })
  if (!result.ok) return result.problems.map(({ code }) => code)
  const [source] = result.plan.stages[0]?.[0]?.stages[0]?.[0]?.sources ?? []
  assert.ok(source?.kind === 'file' && 'path' in source.location)
  return source.location.path
}

const SPECIAL = [
  '.',
  '..',
  '/',
  '\\',
  '\0',
  '%',
  '%2e',
  '%2f',
  '2e',
  'file:',
  's3:',
  '//',
  '~',
  'x',
  '*',
  '?',
  '[',
  ' ',
  '$(params.b)',
]
const anyValue = fc.oneof(
  anyText(6),
  fc.array(fc.constantFrom(...SPECIAL), { maxLength: 4 }).map((pieces) => pieces.join('')),
)

describe('values in paths', () => {
  const anyPath = fc.constantFrom(
    'in/$(params.a)/x.csv',
    'in/$(params.a)$(params.b)/x.csv',
    'in/.$(params.a)/x.csv',
    '$(params.a)/$(params.b)/x.csv',
    '$(params.a)://$(params.b)/x.csv',
    '../in/$(params.a).$(params.b)',
    '/data/in/$(params.a)',
    'file:///data/in/$(params.a)/$(params.b).csv',
    'FILE://localhost/data/my%20files/$(params.a)$(params.b)',
    'file:///data/%2$(params.a)%2$(params.b)/x',
  )
  const folders = (path: string): string[] => posix.resolve(ROOT, path).split('/')

  it('never lead to another folder, nor up or down', () => {
    fc.assert(
      fc.property(anyPath, anyValue, anyValue, (path, a, b) => {
        const found = pathFor(path, { a, b })
        const meant = pathFor(path, { a: 'y', b: 'y' })
        if (typeof found !== 'string' || typeof meant !== 'string') return
        const [got, wanted] = [folders(found), folders(meant)]
        assert.equal(got.length, wanted.length, found)
        for (const [i, segment] of wanted.entries()) if (!segment.includes('y')) assert.equal(got[i], segment, found)
      }),
      { numRuns: 2000 },
    )
  })

  it('are taken as they are, in a URI as in a path', () => {
    for (const value of ['50%', '%2e%2e', '%2F', 'a b', 'é', '2013-*', '[ab]?']) {
      assert.equal(pathFor('in/$(params.a).csv', { a: value }), `in/${value}.csv`)
      assert.equal(pathFor('file:///in/$(params.a).csv', { a: value }), `/in/${value}.csv`)
    }
  })

  it('are refused when they hold a slash, two dots or nothing, and when they make a URI', () => {
    for (const value of ['', '/', 'a/b', 'a\\b', '..', '../x', 'x..', '.', '\0'])
      assert.deepEqual(pathFor('in/$(params.a)/x', { a: value }), ['UnsafePathValue'], JSON.stringify(value))
    assert.deepEqual(pathFor('$(params.a)//etc/x', { a: 'file:' }), ['UnsafePathValue'])
    assert.deepEqual(pathFor('$(params.a):///etc/x', { a: 's3' }), ['UnsafePathValue'])
  })
})
