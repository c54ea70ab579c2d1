// Every variable of the environment that src reads is on a page of the reference; so is every setting, metric and command.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { COMMANDS } from '../../src/cli/commands.ts'
import { METRICS } from '../../src/observability/index.ts'
import { OPERATOR_SETTINGS } from '../../src/operator/index.ts'
import { WORKER_SETTINGS } from '../../src/pod/index.ts'
import { REPOSITORY, textOf } from './pages.ts'

const SRC = join(REPOSITORY, 'src')
const pages = ['cli', 'operator', 'worker'].map((name) => textOf(`docs/reference/${name}.md`)).join('\n')

it('every variable of the environment that is read has its row', () => {
  const names = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => [
      ...readFileSync(join(SRC, path), 'utf8').matchAll(/\benv\[['"]([A-Z][A-Z0-9_]+)['"]\]|'(LOOM_[A-Z0-9_]+)'/g),
    ])
    .map(([, read, named]) => read ?? named ?? '')
  assert.ok(new Set(names).size > 15)
  assert.deepEqual(
    [...new Set(names)].filter((name) => !pages.includes(`\`${name}\``)),
    [],
  )
})

it('every setting, command, option and metric has its row', () => {
  for (const { flag, env } of [...Object.values(OPERATOR_SETTINGS), ...Object.values(WORKER_SETTINGS)])
    for (const word of [flag, env]) assert.ok(pages.includes(`\`${word.replaceAll('|', '\\|')}\``), word)
  for (const { name, options } of COMMANDS) {
    assert.ok(pages.includes(`## loom ${name}\n`), name)
    for (const [flag] of options) assert.ok(pages.includes(`\`${flag.replaceAll('|', '\\|')}\``), flag)
  }
  for (const name of Object.keys(METRICS)) assert.ok(textOf('docs/reference/metrics.md').includes(`\`${name}\``), name)
})
