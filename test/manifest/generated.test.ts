// What is generated is checked in, and is what would be generated now: else `make generate` was forgotten.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { generatedFiles } from '../../scripts/generated-files.ts'
import { COMPILE_PROBLEM_CODES } from '../../src/compile/problem-codes.ts'
import { CONDITION_TYPES, KINDS, MANIFEST_PROBLEM_CODES, REASONS } from '../../src/manifest/index.ts'

const root = join(import.meta.dirname, '..', '..')
const files = generatedFiles()
const textOf = (path: string): string => files.find((file) => file.path === path)?.text ?? ''

describe('generated files', () => {
  for (const { path, text } of files)
    it(`${path} is up to date`, () => {
      assert.ok(existsSync(join(root, path)), `${path} is missing: run "make generate"`)
      assert.ok(readFileSync(join(root, path), 'utf8') === text, `${path} is stale: run "make generate"`)
    })

  it('are all that lies in crds', () => {
    const made = files.map(({ path }) => path)
    for (const name of readdirSync(join(root, 'crds')))
      assert.ok(made.includes(`crds/${name}`), `crds/${name} is made by nobody`)
  })

  it('explain every problem code, reason and condition', () => {
    for (const code of Object.keys({ ...MANIFEST_PROBLEM_CODES, ...COMPILE_PROBLEM_CODES }))
      assert.ok(textOf('docs/reference/problems.md').includes(`| ${code} |`), code)
    for (const word of [...Object.keys(REASONS), ...Object.keys(CONDITION_TYPES)])
      assert.ok(textOf('docs/reference/run.md').includes(`| ${word} |`), word)
  })

  it('describe every field of every kind, and no link leads nowhere', () => {
    for (const kind of Object.keys(KINDS)) {
      const page = textOf(`docs/reference/${kind.replace('ETL', '').toLowerCase()}.md`)
      const rows = page.split('\n').filter((line) => /^\| .* \|$/.test(line) && line.split(' | ').length === 4)
      assert.ok(rows.length > 5)
      for (const row of rows)
        assert.ok((row.split(' | ')[3] ?? '').trim().length > 2 || (row.split(' | ')[2] ?? '').trim() !== '', row)
      const titles = [...page.matchAll(/^## (.*)$/gm)].map(([, title = '']) =>
        title
          .toLowerCase()
          .replace(/[^a-z0-9 _-]/g, '')
          .replaceAll(' ', '-'),
      )
      assert.equal(new Set(titles).size, titles.length, 'two sections with one anchor')
      for (const [, target = ''] of page.matchAll(/\]\(#([^)]*)\)/g)) assert.ok(titles.includes(target), `#${target}`)
    }
  })
})
