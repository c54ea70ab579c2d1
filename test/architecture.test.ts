// The rules of src/ hold, and each of them bites.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the code that is checked here is given as text
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { breaches, type SourceFile } from './architecture/checker.ts'
import { MAY_IMPORT, OPERATOR_SIDE, STEP_SIDE } from './architecture/folders.ts'
import { codeOnly, importsOf } from './architecture/source-text.ts'

const SRC = join(import.meta.dirname, '..', 'src')

function sources(): SourceFile[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(SRC, path), 'utf8') }))
}

describe('the architecture', () => {
  it('holds in every file of src', () => {
    const found = breaches(sources())
    assert.deepEqual(found, [], `\n${found.join('\n')}\n`)
  })

  it('keeps the step side from manifests, and the operator side from engines, by any way round', () => {
    for (const folder of STEP_SIDE)
      for (const far of ['manifest', 'compile']) assert.ok(!reach(folder).has(far), `${folder} reaches ${far}`)
    for (const folder of OPERATOR_SIDE)
      for (const far of STEP_SIDE) assert.ok(!reach(folder).has(far), `${folder} reaches ${far}`)
  })

  it('has a row only for folders that exist', () => {
    const folders = new Set(sources().map(({ path }) => path.split('/')[0]))
    for (const folder of Object.keys(MAY_IMPORT))
      assert.ok(folders.has(folder), `${folder} is in the table, not in src`)
  })
})

function reach(folder: string, seen = new Set<string>()): Set<string> {
  for (const next of MAY_IMPORT[folder] ?? []) {
    if (seen.has(next)) continue
    seen.add(next)
    reach(next, seen)
  }
  return seen
}

describe('the checker', () => {
  const forbidden: [why: string, file: SourceFile, what: RegExp][] = [
    [
      'a step reads manifests',
      at('engine/a.ts', "import { parseDocuments } from '../manifest/index.ts'"),
      /engine may not import manifest/,
    ],
    [
      'a step imports the compiler, as a type',
      at('runner/a.ts', "import type { Problem } from '../compile/index.ts'"),
      /runner may not import compile/,
    ],
    [
      'the operator loads an engine, lazily',
      at('effects/a.ts', "const e = await import('../engine/index.ts')"),
      /effects may not import engine/,
    ],
    ['base imports something', at('base/a.ts', "export * from '../plan/index.ts'"), /base may not import plan/],
    [
      'an import over several lines',
      at('plan/a.ts', "import {\n  a,\n  b,\n} from '../compile/index.ts'"),
      /plan may not import compile/,
    ],
    ['an import for its effects', at('plan/a.ts', "import '../manifest/index.ts'"), /plan may not import manifest/],
    [
      'a folder entered by a side door',
      at('compile/a.ts', "import { a } from '../plan/template.ts'"),
      /by \.\.\/plan\/template\.ts, not by its index\.ts/,
    ],
    [
      'a command that imports a single file at once',
      at('cli/a.ts', "import { a } from '../runner/run.ts'"),
      /not by its index\.ts/,
    ],
    [
      'the library face that goes past the library',
      at('index.ts', "export * from './runner/index.ts'"),
      /may not import runner/,
    ],
    ['an import from outside of src', at('cli/a.ts', "import x from '../../scripts/x.ts'"), /outside of src/],
    ['a folder without a row', at('gadgets/a.ts', ''), /no row in the table/],
    ['a file beside index.ts', at('main.ts', ''), /only index\.ts lies directly in src/],
    ['the clock in a pure folder', at('compile/a.ts', 'const now = Date.now()'), /uses Date\.now/],
    ['the clock by new Date()', at('plan/a.ts', 'const now = new Date()'), /uses new Date/],
    ['the clock by new Date without brackets', at('plan/a.ts', 'const now = new Date;'), /uses new Date/],
    ['chance', at('base/a.ts', 'const x = Math.random()'), /uses Math\.random/],
    ['the environment', at('manifest/a.ts', 'const x = process.env.HOME'), /uses process/],
    ['code inside a template', at('plan/a.ts', 'const x = `at ${Date.now()}`'), /uses Date\.now/],
    ['a console', at('compile/a.ts', 'console.log(1)'), /uses console/],
    ['a timer', at('reconcile/a.ts', 'setTimeout(f, 1)'), /uses a timer/],
    ['the network', at('compile/a.ts', "await fetch('http://x')"), /uses fetch/],
    ['files in a pure folder', at('manifest/a.ts', "import { readFileSync } from 'node:fs'"), /imports node:fs/],
    ['a package in a pure folder', at('plan/a.ts', "import { z } from 'zod'"), /imports zod/],
    [
      'the hash module elsewhere than in its file',
      at('base/b.ts', "import { createHash } from 'node:crypto'"),
      /imports node:crypto/,
    ],
    ['a name that fits anything', at('plan/utils.ts', ''), /"utils" fits anything/],
    ['a folder that fits anything', at('plan/common/a.ts', ''), /"common" fits anything/],
    ['a name in camel case', at('plan/myPlan.ts', ''), /"myPlan" is not in kebab-case/],
    ['a long file', at('plan/a.ts', 'x\n'.repeat(251)), /has 253 lines, more than 250/],
    [
      'a file that does not say what it is for',
      { path: 'plan/a.ts', text: 'export const a = 1\n' },
      /does not begin with a comment/,
    ],
    ['a cast past the types', at('plan/a.ts', 'const a = b as unknown as C'), /as unknown as/],
    ['an enum', at('plan/a.ts', 'export enum A { B }'), /enum/],
  ]
  for (const [why, file, what] of forbidden)
    it(`bites: ${why}`, () => {
      const found = breaches([file])
      assert.ok(
        found.some((breach) => what.test(breach)),
        `found only ${JSON.stringify(found)}`,
      )
    })

  it('bites on a cycle of two files, and tells the way round', () => {
    const found = breaches([
      at('plan/a.ts', "import { b } from './b.ts'"),
      at('plan/b.ts', "import { a } from './a.ts'"),
    ])
    assert.deepEqual(found, ['plan/a.ts: imports itself by plan/a.ts → plan/b.ts → plan/a.ts'])
  })

  const allowed: [why: string, file: SourceFile][] = [
    ['siblings import each other directly', at('plan/a.ts', "import { b } from './deep/b.ts'")],
    ['a command loads one file lazily', at('cli/a.ts', "const { run } = await import('../runner/run.ts')")],
    ['the hash module in its file', at('base/hash.ts', "import { createHash } from 'node:crypto'")],
    ['types of a package', at('reconcile/a.ts', "import type { V1Job } from '@kubernetes/client-node'")],
    ['a date that is given', at('plan/a.ts', 'const at = new Date(now)')],
    [
      'forbidden words in comments and texts',
      at('plan/a.ts', "const a = 'Date.now() console.log' // process.env\n/* new Date() */"),
    ],
    ['forbidden words in a pattern', at('plan/a.ts', 'const a = /console\\./.test(x)')],
    ['an import that is only quoted', at('plan/a.ts', 'const a = "import x from \'../cli/x.ts\'"')],
  ]
  for (const [why, file] of allowed) it(`lets pass: ${why}`, () => assert.deepEqual(breaches([file]), []))

  it('knows imports of types from imports of values', () => {
    const text =
      "import type { A } from 'a'\nimport { type B, type C } from 'b'\nimport { type D, d } from 'd'\nexport type { E } from 'e'\nimport f, { type F } from 'f'\n"
    assert.deepEqual(
      importsOf(text).map(({ from, kind }) => `${from} ${kind}`),
      ['a type', 'b type', 'd value', 'e type', 'f value'],
    )
  })

  it('keeps lines where they are when it blanks out texts', () => {
    assert.equal(codeOnly("a /* x\ny */ b\n'c' // d\n`e${f}g`"), 'a     \n     b\n        \n    f   ')
  })
})

function at(path: string, code: string): SourceFile {
  return { path, text: `// What it is for.\n${code}\n` }
}
