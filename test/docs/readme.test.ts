// The README is a promise: every command in it is run, in its order, in an empty working copy of the project.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'

const REPOSITORY = join(import.meta.dirname, '../..')
const README = readFileSync(join(REPOSITORY, 'README.md'), 'utf8')
/** They would run this test again, or what this test does by other means. */
const NOT_HERE = ['make test']

let folder: string

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'loom-readme-'))
  for (const name of [
    'examples',
    'src',
    'scripts',
    'dist',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'Makefile',
  ]) {
    cpSync(join(REPOSITORY, name), join(folder, name), { recursive: true, preserveTimestamps: true })
  }
  // A folder of its own with links inside: an `npm ci` here could never reach the real one.
  mkdirSync(join(folder, 'node_modules'))
  for (const name of readdirSync(join(REPOSITORY, 'node_modules'))) {
    if (name !== '.package-lock.json')
      symlinkSync(join(REPOSITORY, 'node_modules', name), join(folder, 'node_modules', name))
  }
  // What is installed and built is newer than what it is made from: make has nothing to do but the demo.
  writeFileSync(join(folder, 'node_modules/.package-lock.json'), '')
  writeFileSync(join(folder, 'dist/.built'), '')
})

after(() => rmSync(folder, { recursive: true, force: true }))

/** The texts of fenced blocks of a language. */
function blocks(language: string): string[] {
  return [...README.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , text = '']) => text)
}

const run = (command: string) =>
  spawnSync('bash', ['-euc', command], { cwd: folder, encoding: 'utf8', timeout: 120_000 })

const commands = blocks('sh').flatMap((block) => block.trim().split('\n'))

for (const command of commands.filter((line) => !NOT_HERE.includes(line))) {
  test(`README: ${command}`, () => {
    const { status, stdout, stderr } = run(command)
    assert.equal(status, 0, `${stdout}\n${stderr}`)
  })
}

test('README: the program runs', () => {
  const [program = ''] = blocks('ts')
  writeFileSync(join(folder, 'program.ts'), program)
  const { status, stdout, stderr } = run('node_modules/.bin/node program.ts')
  assert.equal(stdout.trim(), 'Succeeded', stderr)
  assert.equal(status, 0)
})

test('README: the pipeline shown is the one-step example', () => {
  const [shown = ''] = blocks('yaml')
  const file = readFileSync(join(REPOSITORY, 'examples/one-step/pipeline.yaml'), 'utf8')
  assert.ok(file.includes(shown), 'they differ')
})

/** Patterns in code look like links. */
const withoutCode = (text: string): string => text.replace(/```[\s\S]*?```|`[^`\n]*`/g, '')

test('README and docs: every link leads somewhere', () => {
  const pages = [
    'README.md',
    ...readdirSync(join(REPOSITORY, 'docs'), { recursive: true }).map((name) => join('docs', String(name))),
  ].filter((name) => name.endsWith('.md'))
  const broken = pages.flatMap((page) =>
    [...withoutCode(readFileSync(join(REPOSITORY, page), 'utf8')).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^https?:/.test(target) && !existsSync(join(REPOSITORY, dirname(page), target)))
      .map((target) => `${page}: ${target}`),
  )
  assert.deepEqual(broken, [])
})
