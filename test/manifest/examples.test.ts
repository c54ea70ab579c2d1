// Every manifest in examples/ is lawful, and kubectl reads it as we do.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseDocuments } from '../../src/manifest/index.ts'

const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples')
/** Beside what is for us lies what is for kubectl: a kustomization, a volume. */
const OURS = /^apiVersion: loom\.etl\//m
const textOf = (name: string) => readFileSync(join(EXAMPLES, name), 'utf8')
const names = readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.yaml') && OURS.test(textOf(name)),
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
