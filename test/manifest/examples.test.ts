// Every manifest in examples/ is lawful, and kubectl reads it as we do.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseDocuments } from '../../src/manifest/index.ts'

const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples')
/** Beside what is for us lies what is for kubectl: a kustomization, a volume. */
const OURS = /^apiVersion: loom\.etl\//m
/** What tools make runs of, with a name to be filled in; `test/cluster/gitops-*` and `test/chart` check what they make. */
const TEMPLATES = ['gitops/cronjob/run.yaml', 'gitops/helm/templates/runs.yaml', 'gitops/kustomize/run/run.yaml']
const textOf = (name: string) => readFileSync(join(EXAMPLES, name), 'utf8')
const names = readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.yaml') && OURS.test(textOf(name)) && !TEMPLATES.includes(name),
)

describe('the examples', () => {
  it('are there', () => assert.ok(names.length >= 8))

  for (const name of names)
    it(`${name} has no problem and no warning`, () => {
      const { documents, problems } = parseDocuments(textOf(name), name)
      assert.deepEqual(problems, [])
      assert.ok(documents.length > 0)
    })
})
