// What a run looks like: a tree that is redrawn on a terminal, plain lines elsewhere, and colours only where they are wanted.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { folder, MAIN, ORDERS, pipelineOf, shell } from './loom.ts'

const ESCAPE = '\u001b'
const noTerminal = spawnSync('script', ['--version']).status === 0 ? false : 'there is no script command here'

/** In a terminal of its own; standard output and standard error are the same there. */
async function onTerminal(
  cwd: string,
  env: Record<string, string> = {},
  more = '',
): Promise<{ code: number | null; stdout: string }> {
  const inner = `'${process.execPath}' '${MAIN}' run -f p.yaml ${more}`
  return await shell(`script -qec ${JSON.stringify(inner)} /dev/null`, { cwd, env: { TERM: 'xterm', ...env } })
}

/** `script` makes a terminal that does not know its size. */
test('on a terminal the steps are a tree that is redrawn in place, with colours, also where its size is not known', {
  skip: noTerminal,
}, async (t) => {
  const cwd = await folder(t, { 'p.yaml': pipelineOf(ORDERS) })
  const { code, stdout } = await onTerminal(cwd)
  assert.equal(code, 0, stdout)
  assert.ok(stdout.includes(`${ESCAPE}[`), 'it moves the cursor')
  assert.match(stdout, /· orders/)
  assert.match(stdout, /\[32m/, 'it is green')
  assert.ok(!stdout.includes(`${ESCAPE}[?25l`) || stdout.includes(`${ESCAPE}[?25h`), 'a hidden cursor comes back')
})

test('NO_COLOR takes the colours away, not the tree', { skip: noTerminal }, async (t) => {
  const cwd = await folder(t, { 'p.yaml': pipelineOf(ORDERS) })
  const { code, stdout } = await onTerminal(cwd, { NO_COLOR: '1' })
  assert.equal(code, 0, stdout)
  assert.ok(stdout.includes(ESCAPE), 'it is redrawn')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escapes are what is looked for
  assert.doesNotMatch(stdout, /\u001b\[(?:1|2|31|32|33|36)m/)
})

for (const [why, env, more] of [
  ['TERM=dumb', { TERM: 'dumb' }, ''],
  ['CI', { CI: 'true', NO_COLOR: '1' }, ''],
  ['--progress plain', { NO_COLOR: '1' }, '--progress plain'],
] as const)
  test(`with ${why} nothing is redrawn on a terminal: one line for each step`, { skip: noTerminal }, async (t) => {
    const cwd = await folder(t, { 'p.yaml': pipelineOf(ORDERS) })
    const { code, stdout } = await onTerminal(cwd, env, more)
    assert.equal(code, 0, stdout)
    assert.equal(stdout.includes(ESCAPE), false, JSON.stringify(stdout))
    assert.match(stdout, /^load\/orders succeeded in .*, 2 rows\r?$/m)
  })

test('without a terminal there are plain lines on standard error; FORCE_COLOR colours them all the same', async (t) => {
  const cwd = await folder(t, { 'p.yaml': pipelineOf(ORDERS) })
  const plain = await shell('loom run -f p.yaml', { cwd })
  assert.equal(plain.code, 0, plain.stderr)
  assert.match(plain.stderr, /^load\/orders succeeded in .*, 2 rows\n$/)
  assert.equal(plain.stdout.includes(ESCAPE), false)
  const forced = await shell('loom run -f p.yaml', { cwd, env: { FORCE_COLOR: '1' } })
  assert.ok(forced.stderr.includes(`${ESCAPE}[32m`))
})
