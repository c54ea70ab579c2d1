// What the tests of the pages rest on: blocks are read with their marks, and what a page says is printed is compared rightly.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { blocksOf, commandsOf, printsLike } from './pages.ts'

const fence = (language: string, text: string, mark = ''): string => `${mark}\n\`\`\`${language}\n${text}\n\`\`\`\n`

it('a block has its language, its line and its mark', () => {
  const text = fence('sh', 'loom check', '<!-- run: cluster -->') + fence('yaml', 'a: 1', '<!-- file: a.yaml -->')
  assert.deepEqual(
    blocksOf('p.md', text).map(({ language, line, mark }) => ({ language, line, mark })),
    [
      { language: 'sh', line: 2, mark: { kind: 'run', where: 'cluster' } },
      { language: 'yaml', line: 6, mark: { kind: 'file', name: 'a.yaml' } },
    ],
  )
})

for (const mark of [
  '<!-- run: nowhere -->',
  '<!-- not run: -->',
  '<!-- not run: why -->',
  '<!-- part: sentence -->',
  '<!-- todo -->',
])
  it(`the mark ${mark} means nothing`, () => {
    assert.throws(() => blocksOf('p.md', fence('sh', 'loom check', mark)), /means nothing/)
  })

it('commands are told from what they print, and from comments', () => {
  const [block] = blocksOf('p.md', fence('console', '$ loom a \\\n  b   # why\nprinted\n$ loom c'))
  assert.ok(block)
  assert.deepEqual(
    commandsOf(block).map(({ text, prints }) => [text, prints]),
    [
      ['loom a b', ['printed']],
      ['loom c', undefined],
    ],
  )
})

const CASES: [printed: string, lines: string[], unsaid: string | undefined][] = [
  ['load/orders  Succeeded  3  1.2 KiB  12.5 s', ['load/orders Succeeded 3 1.2 KiB 116 ms'], undefined],
  ['a  1,024\nb  2', ['a 9', '…', 'b 1'], undefined],
  ['one\ntwo', ['two', 'one'], 'one'],
  ['one two', ['one'], 'one'],
  ['one two', ['one…'], undefined],
  ['id first-7f', ['id …'], undefined],
  ['(x)', ['[x]'], '[x]'],
]
for (const [printed, lines, unsaid] of CASES)
  it(`${JSON.stringify(printed)} ${unsaid === undefined ? 'is' : 'is not'} like ${JSON.stringify(lines)}`, () => {
    assert.equal(printsLike(printed, lines), unsaid)
  })
