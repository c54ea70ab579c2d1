// docs/security.md: its tables of rights are the operator's, and the tests that it names are there.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { LEASE_RULES, OPERATOR_RULES, OWNER_RULES, type RbacRule } from '../../src/operator/index.ts'
import { REPOSITORY, textOf } from './pages.ts'

const text = textOf('docs/security.md')

/** Rows of the table behind a mark, as they stand there. */
function rowsBehind(mark: string): string[] {
  const table = text.slice(text.indexOf(`<!-- rights: ${mark} -->`)).split('\n\n')[0] ?? ''
  return table.split('\n').slice(3)
}

const row = ({ apiGroups: [group = ''], resources, verbs }: RbacRule): string =>
  `| ${group === '' ? '(core)' : group} | ${resources.join(', ')} | ${verbs.join(', ')} |`

it('the rights of the operator are those that it has', () => {
  assert.deepEqual(rowsBehind('operator'), [...OPERATOR_RULES, ...OWNER_RULES].map(row))
  assert.deepEqual(rowsBehind('lease'), LEASE_RULES.map(row))
})

it('the roles of people add to those of Kubernetes as the chart says', () => {
  const template = readFileSync(join(REPOSITORY, 'charts/loom-operator/templates/aggregated-roles.yaml'), 'utf8')
  const given = [...template.matchAll(/"([\w-]+)" \(list ([^)]*)\)/g)].map(([, role, into = '']) => [
    `etl-${role}`,
    [...into.matchAll(/"(\w+)"/g)].map(([, name]) => `\`${name}\``).join(', '),
  ])
  const told = [...text.matchAll(/^\| [\w ]+ \| `(etl-[\w-]+)` \| [^|]+ \| ([^|]+) \|$/gm)].map(([, role, into]) => [
    role,
    into,
  ])
  assert.equal(given.length, 3)
  assert.deepEqual(told, given)
})

it('the tests that hold what is said are there', () => {
  const named = [...text.matchAll(/test\/[\w/-]+\.test\.ts/g)].map(([path]) => path)
  assert.ok(named.length > 1)
  for (const path of named) assert.ok(existsSync(join(REPOSITORY, path)), path)
})
