// Manifests and what becomes of them, side by side in test/golden. UPDATE_GOLDEN=1 rewrites what must come out.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { COMPILE_PROBLEM_CODES } from '../../src/compile/index.ts'
import { MANIFEST_PROBLEM_CODES } from '../../src/manifest/index.ts'
import { cases, GOLDEN, OUTPUTS, outputsOf } from './golden-case.ts'

const seen = new Set<string>()

describe('golden manifests', () => {
  for (const name of cases()) {
    it(name.replaceAll('-', ' '), async () => {
      const { outputs, codes } = await outputsOf(name)
      for (const code of codes) seen.add(code)
      for (const file of OUTPUTS) {
        const path = join(GOLDEN, name, file)
        const wanted = existsSync(path) ? readFileSync(path, 'utf8') : undefined
        if (process.env['UPDATE_GOLDEN'] === '1') rewrite(path, outputs[file])
        else
          assert.equal(outputs[file], wanted, `${name}/${file} differs; if it is right so, run it with UPDATE_GOLDEN=1`)
      }
    })
  }

  it('show every code that a problem can have', () => {
    const all = Object.keys({ ...MANIFEST_PROBLEM_CODES, ...COMPILE_PROBLEM_CODES })
    assert.deepEqual(
      all.filter((code) => !seen.has(code)),
      [],
    )
    assert.deepEqual(
      [...seen].filter((code) => !all.includes(code)),
      [],
      'codes without a row in the table',
    )
  })

  it('are sixty or more', () => assert.ok(cases().length >= 60))
})

function rewrite(path: string, text: string | undefined): void {
  if (text === undefined) rmSync(path, { force: true })
  else writeFileSync(path, text)
}
