// The pages are a promise: every command in them is run, page by page, in their order, in an empty working copy of the project;
// what can't be run there says who runs it, or why nobody does.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Checkout } from './checkout.ts'
import { type Block, blocksOf, type Command, commandsOf, isCommands, PAGES, printsLike, REPOSITORY } from './pages.ts'

/** They would run this test again. */
const NOT_HERE = ['make test']

let checkout: Checkout

before(() => {
  checkout = new Checkout()
})

after(() => checkout?.[Symbol.dispose]())

const isHere = ({ mark }: Block): boolean => mark.kind === 'run' && mark.where === 'here'

/** What was run once with success is not run again on another page. */
const seen = new Set<string>(NOT_HERE)

for (const page of PAGES) {
  const blocks = blocksOf(page).filter(
    (block) => block.mark.kind === 'file' || (isCommands(block) && isHere(block)) || block.language === 'ts',
  )
  if (blocks.length === 0) continue
  describe(page, () => {
    for (const block of blocks) {
      if (block.mark.kind === 'file') it(`has the file ${block.mark.name}`, () => writeFile(block))
      else if (isCommands(block)) for (const command of commandsOf(block)) runs(command)
      else if (block.mark.kind === 'run') it(`has a program that runs, line ${block.line}`, () => runProgram(block))
    }
  })
}

function writeFile({ mark, text }: Block): void {
  if (mark.kind === 'file') checkout.write(mark.name, text)
}

function runs(command: Command): void {
  if (seen.has(command.text) && command.prints === undefined) return
  seen.add(command.text)
  it(`${command.line}: ${command.text}`, async () => {
    const { status, stdout, stderr } = await checkout.run(command.text)
    const said = `${stdout}\n${stderr}`
    // A mistake is shown with what is said about it.
    const mistake = command.prints?.some((line) => /\berror\b/.test(line)) === true
    if (mistake) assert.notEqual(status, 0, `it succeeds:\n${said}`)
    else assert.equal(status, 0, said)
    if (command.prints === undefined) return
    const unsaid = printsLike(said, command.prints)
    assert.equal(unsaid, undefined, `it does not print "${unsaid}", but:\n${said}`)
  })
}

async function runProgram({ text }: Block): Promise<void> {
  checkout.write('program.ts', text)
  const { status, stdout, stderr } = await checkout.run('node_modules/.bin/node program.ts')
  assert.equal(stdout.trim(), 'Succeeded', stderr)
  assert.equal(status, 0)
}

it('a block with commands says in which language it is', () => {
  const hidden = PAGES.flatMap((page) => blocksOf(page)).filter(
    ({ language, text }) => language === '' && /^\$ /m.test(text),
  )
  assert.deepEqual(
    hidden.map(({ page, line }) => `${page}:${line}`),
    [],
  )
})

it('the pipeline that the README shows is the one-step example', () => {
  const [shown] = blocksOf('README.md').filter(({ language }) => language === 'yaml')
  const file = readFileSync(join(REPOSITORY, 'examples/one-step/pipeline.yaml'), 'utf8')
  assert.ok(shown !== undefined && file.includes(shown.text), 'they differ')
})
