// docs/kubectl.md: every call of loom in it can be made as it stands, and every command for a cluster is in it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readArguments } from '../../src/cli/arguments.ts'
import { COMMANDS, GLOBAL_OPTIONS } from '../../src/cli/commands.ts'
import { REMOTE_COMMANDS } from '../../src/cli/remote-commands.ts'

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/kubectl.md'), 'utf8')
const calls = [...PAGE.matchAll(/^\$ (?:kubectl )?loom (.*)$/gm)].map(([, words = '']) => words.trim().split(/\s+/))

for (const [name = '', ...words] of calls)
  test(`docs/kubectl.md: loom ${name} ${words.join(' ')}`, () => {
    const command = COMMANDS.find((candidate) => candidate.name === name)
    assert.ok(command, 'there is no such command')
    const { args } = readArguments(name, [...command.options, ...GLOBAL_OPTIONS], words)
    if (command.args.startsWith('<')) assert.ok(args.length > 0, 'it lacks its run')
  })

test('docs/kubectl.md: has every command for a cluster in its table', () => {
  assert.ok(calls.length > 0)
  for (const { name } of REMOTE_COMMANDS) assert.match(PAGE, new RegExp(`^\\| \`loom ${name} `, 'm'))
})
