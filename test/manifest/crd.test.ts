// The CRDs: what a user of the cluster meets. That an API server takes them is tried in the cluster tests.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { rulesAsSchema } from '../../src/manifest/crd/rule-to-schema.ts'
import { structuralProblems } from '../../src/manifest/crd/structural.ts'
import { renderCrds } from '../../src/manifest/index.ts'
import { atMostOne, either, exactlyOne, notAbove, onlyWhen, rules } from '../../src/manifest/rule.ts'

type Node = Record<string, unknown>
const MOST_BYTES = 120_000

const crds = renderCrds().map(({ name, yaml }) => ({ name, yaml, crd: Object(parse(yaml)) }))
const versionOf = (crd: { spec: { versions: Node[] } }): Node => Object(crd.spec.versions[0])
const schemaOf = (crd: { spec: { versions: Node[] } }): Node => Object(versionOf(crd)['schema']).openAPIV3Schema

describe('the CRDs', () => {
  for (const { name, yaml, crd } of crds) {
    it(`${name} is structural`, () => assert.deepEqual(structuralProblems(schemaOf(crd)), []))

    it(`${name} is small enough for a client-side apply`, () =>
      assert.ok(Buffer.byteLength(yaml) <= MOST_BYTES, `${Buffer.byteLength(yaml)} bytes`))

    it(`${name} has the names, scope and subresource that users rely on`, () => {
      assert.equal(crd.metadata.name, `${name}.loom.etl`)
      assert.equal(crd.spec.scope, 'Namespaced')
      assert.deepEqual(crd.spec.names.categories, ['etl'])
      assert.deepEqual(Object.keys(versionOf(crd)['subresources'] as object), ['status'])
      assert.equal(versionOf(crd)['name'], 'v1alpha1')
    })

    it(`${name} shows only columns that its schema has`, () => {
      for (const column of versionOf(crd)['additionalPrinterColumns'] as { jsonPath: string }[]) {
        const path = column.jsonPath.slice(1).split('.')
        if (path[0] === 'metadata') continue
        let node: Node = schemaOf(crd)
        for (const step of path) node = Object(Object(node['properties'])[step])
        assert.ok('type' in node, column.jsonPath)
      }
    })
  }

  it('are told apart by short names', () => {
    assert.deepEqual(
      crds.map(({ crd }) => [crd.spec.names.kind, ...crd.spec.names.shortNames]),
      [
        ['ETLPipeline', 'etlp'],
        ['ETLRun', 'etlr'],
        ['ETLStorage', 'etls'],
        ['ETLWorkerPool', 'etlw'],
      ],
    )
  })

  it('are the same text whenever they are made', () => assert.deepEqual(renderCrds(), renderCrds()))

  it('tell nobody that a new run is done', () => {
    const run = crds.find(({ name }) => name === 'etlruns')
    assert.deepEqual(Object(schemaOf(run?.crd)['properties']).status.default, { observedGeneration: -1 })
  })

  it('keep nulls in rows and params, which the API server would drop otherwise', () => {
    const pipeline = crds.find(({ name }) => name === 'etlpipelines')
    const anything = nodesOf(schemaOf(pipeline?.crd)).filter(
      (node) => node['type'] === undefined && node['x-kubernetes-preserve-unknown-fields'] === true,
    )
    assert.ok(anything.length > 3)
    for (const node of anything) assert.equal(node['nullable'], true)
  })
})

describe('rules for the API server', () => {
  const few = 1
  const many = 10_000_000

  it('are CEL with our words where it is cheap', () => {
    assert.deepEqual(rulesAsSchema(rules(exactlyOne('a', 'b')), few), {
      'x-kubernetes-validations': [
        { rule: '[has(self.a), has(self.b)].exists_one(x, x)', message: 'give exactly one of a, b' },
      ],
    })
    assert.deepEqual(rulesAsSchema(rules(atMostOne('a', 'b')), few), {
      'x-kubernetes-validations': [
        { rule: '[has(self.a), has(self.b)].filter(x, x).size() <= 1', message: 'give at most one of a, b' },
      ],
    })
    assert.deepEqual(rulesAsSchema(rules(onlyWhen('a', 'b', 'c')), few), {
      'x-kubernetes-validations': [{ rule: "!has(self.a) || self.b == 'c'", message: 'a is only for b c' }],
    })
    assert.deepEqual(rulesAsSchema(rules(notAbove('a', 'b')), many), {
      'x-kubernetes-validations': [
        { rule: '!has(self.a) || !has(self.b) || self.a <= self.b', message: 'a must not be above b' },
      ],
    })
    assert.deepEqual(
      rulesAsSchema(rules(either('group', 'one or a group')), few, { required: ['name'], others: ['name', 'sql'] }),
      {
        'x-kubernetes-validations': [
          { rule: '!has(self.group) || !(has(self.name) || has(self.sql))', message: 'one or a group' },
          { rule: 'has(self.group) || (has(self.name))', message: 'give group, or name' },
        ],
      },
    )
  })

  it('are plain validations where CEL would cost too much', () => {
    const one = (field: string) => ({ required: [field] })
    assert.deepEqual(rulesAsSchema(rules(exactlyOne('a', 'b')), many), { allOf: [{ oneOf: [one('a'), one('b')] }] })
    assert.deepEqual(rulesAsSchema(rules(atMostOne('a', 'b')), many), {
      allOf: [{ oneOf: [one('a'), one('b'), { not: { anyOf: [one('a'), one('b')] } }] }],
    })
    assert.deepEqual(rulesAsSchema(rules(onlyWhen('a', 'b', 'c')), many), {
      allOf: [{ anyOf: [{ not: one('a') }, { properties: { b: { enum: ['c'] } } }] }],
    })
    assert.deepEqual(
      rulesAsSchema(rules(either('group', 'm')), many, { required: ['name'], others: ['name', 'sql'] }),
      {
        allOf: [
          {
            oneOf: [
              { required: ['name'], not: one('group') },
              { required: ['group'], not: { anyOf: [one('name'), one('sql')] } },
            ],
          },
        ],
      },
    )
  })
})

function nodesOf(node: unknown): Node[] {
  if (typeof node !== 'object' || node === null) return []
  return [{ ...node }, ...Object.values(node).flatMap(nodesOf)]
}
