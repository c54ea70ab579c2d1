// The checker of structural schemas bites: every documented rule is broken once.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { re2Problem } from '../../src/manifest/crd/re2.ts'
import { structuralProblems } from '../../src/manifest/crd/structural.ts'

const field = { type: 'string', description: 'A field.' }
const root = (spec: object) => ({ type: 'object', properties: { spec: { description: 'Spec.', ...spec } } })

describe('the structural check', () => {
  it('lets a sound schema pass', () => {
    const sound = {
      type: 'object',
      required: ['spec'],
      properties: {
        apiVersion: field,
        kind: field,
        metadata: { type: 'object', properties: { name: { ...field, pattern: '^a+$' } } },
        spec: {
          type: 'object',
          description: 'Spec.',
          required: ['a'],
          properties: {
            a: { ...field, enum: ['x', 'y'], default: 'x' },
            b: { type: 'array', description: 'B.', maxItems: 3, items: { type: 'integer', format: 'int64' } },
            c: { description: 'C.', 'x-kubernetes-preserve-unknown-fields': true },
            d: { description: 'D.', 'x-kubernetes-int-or-string': true },
            e: { type: 'object', description: 'E.', additionalProperties: { type: 'boolean' } },
          },
          'x-kubernetes-validations': [{ rule: 'has(self.b) || has(self.c)', message: 'give b or c' }],
          allOf: [{ oneOf: [{ required: ['b'] }, { not: { required: ['b'] }, properties: { a: { enum: ['x'] } } }] }],
        },
      },
    }
    assert.deepEqual(structuralProblems(sound), [])
  })

  const broken: [why: string, spec: object, problem: RegExp][] = [
    ['no type', { properties: {} }, /spec: a type is missing/],
    ['a list of types', { type: ['object', 'null'] }, /the type \["object","null"\] is not lawful/],
    ['an unknown type', { type: 'null' }, /the type "null" is not lawful/],
    ['a $ref', { type: 'object', $ref: '#/definitions/x' }, /"\$ref" is not lawful/],
    ['definitions', { type: 'object', definitions: {} }, /"definitions" is not lawful/],
    ['a const', { type: 'string', const: 'x' }, /"const" is not lawful/],
    ['names of properties judged', { type: 'object', propertyNames: {} }, /"propertyNames" is not lawful/],
    ['metadata of ours left in', { type: 'object', 'x-loom-rules': [] }, /"x-loom-rules" is not lawful/],
    [
      'properties and additionalProperties',
      { type: 'object', properties: { a: field }, additionalProperties: field },
      /exclude each other/,
    ],
    ['closed objects', { type: 'object', additionalProperties: false }, /additionalProperties can not be false/],
    ['a list without items', { type: 'array' }, /a list needs one schema for its items/],
    ['a tuple', { type: 'array', items: [field] }, /a list needs one schema for its items/],
    ['items on an object', { type: 'object', items: field }, /items is for lists/],
    ['properties on a text', { type: 'string', properties: { a: field } }, /properties are for objects/],
    [
      'a required field that is none',
      { type: 'object', required: ['b'], properties: { a: field } },
      /the required "b" is no property/,
    ],
    [
      'a field without a description',
      { type: 'object', properties: { a: { type: 'string' } } },
      /"a" has no description/,
    ],
    ['an integer without a size', { type: 'integer' }, /needs the format int32 or int64/],
    ['a type beside int-or-string', { type: 'string', 'x-kubernetes-int-or-string': true }, /goes without a type/],
    [
      'unknown fields not preserved, in so many words',
      { type: 'object', 'x-kubernetes-preserve-unknown-fields': false },
      /can only be true/,
    ],
    ['unknown fields of a text', { type: 'string', 'x-kubernetes-preserve-unknown-fields': true }, /is for objects/],
    ['a pattern of another engine', { type: 'string', pattern: '^(?!x)' }, /look-around is not in RE2/],
    ['a value twice in an enum', { type: 'string', enum: ['a', 'a'] }, /the enum has a value twice/],
    ['a default of another type', { type: 'string', default: 1 }, /the default is no string/],
    [
      'a default that would be pruned',
      { type: 'object', properties: { a: field }, default: { b: 1 } },
      /the default's "b" would be pruned/,
    ],
    [
      'a type inside of oneOf',
      { type: 'object', properties: { a: field }, oneOf: [{ type: 'object' }] },
      /"type" is not lawful inside of oneOf/,
    ],
    [
      'a default inside of anyOf',
      { type: 'object', properties: { a: field }, anyOf: [{ properties: { a: { default: 'x' } } }] },
      /"default" is not lawful/,
    ],
    [
      'a field only inside of oneOf',
      { type: 'object', properties: { a: field }, oneOf: [{ properties: { b: {} } }] },
      /"b" is not specified outside/,
    ],
    [
      'a field only required inside of not',
      { type: 'object', properties: { a: field }, not: { anyOf: [{ required: ['b'] }] } },
      /the required "b" is not specified outside/,
    ],
    [
      'a map-like list without keys',
      { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map' },
      /needs keys/,
    ],
    [
      'a map-like list by a key of nowhere',
      {
        type: 'array',
        items: { type: 'object', properties: { a: field } },
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['b'],
      },
      /key "b" is no property/,
    ],
    [
      'a map-like list by an optional key',
      {
        type: 'array',
        items: { type: 'object', properties: { a: field } },
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['a'],
      },
      /neither required nor has it a default/,
    ],
    ['an empty rule', { type: 'object', 'x-kubernetes-validations': [{ rule: ' ', message: 'm' }] }, /a rule is empty/],
    [
      'a rule without words',
      { type: 'object', properties: { a: field }, 'x-kubernetes-validations': [{ rule: 'has(self.a)' }] },
      /needs a message of one line/,
    ],
    [
      'a rule about a field of nowhere',
      { type: 'object', properties: { a: field }, 'x-kubernetes-validations': [{ rule: 'has(self.b)', message: 'm' }] },
      /speaks of "b", which is no property/,
    ],
    [
      'a rule about a reserved word',
      {
        type: 'object',
        properties: { for: field },
        'x-kubernetes-validations': [{ rule: 'has(self.for)', message: 'm' }],
      },
      /must be written self\.__for__/,
    ],
    [
      'a rule in a list without a bound',
      {
        type: 'array',
        items: {
          type: 'object',
          properties: { a: field },
          'x-kubernetes-validations': [{ rule: 'has(self.a)', message: 'm' }],
        },
      },
      /its cost has none either/,
    ],
  ]
  for (const [why, spec, problem] of broken)
    it(`refuses ${why}`, () => {
      const found = structuralProblems(root(spec))
      assert.ok(
        found.some((text) => problem.test(text)),
        `found only ${JSON.stringify(found)}`,
      )
    })

  it('refuses restrictions on metadata, and roots that are no objects', () => {
    assert.match(
      structuralProblems({
        type: 'object',
        properties: { metadata: { type: 'object', properties: { labels: field } } },
      }).join(),
      /only name and generateName/,
    )
    assert.match(
      structuralProblems({ type: 'object', properties: { metadata: { type: 'string' } } }).join(),
      /metadata: must be an object/,
    )
    assert.match(
      structuralProblems({
        type: 'object',
        properties: { kind: { ...field, type: 'integer', format: 'int32' } },
      }).join(),
      /kind: must be a string/,
    )
    assert.match(structuralProblems({ type: 'array', maxItems: 1, items: field }).join(), /the root must be an object/)
    assert.match(structuralProblems(null).join(), /no object/)
  })
})

describe('patterns for RE2', () => {
  for (const pattern of [
    '(?=a)',
    '(?<!a)',
    '(?>a)',
    '(a)\\1',
    '(?<n>a)\\k<n>',
    '\\u00e9',
    'a++',
    'a{2}+',
    'a{1,1001}',
    '(',
  ])
    it(`refuses ${pattern}`, () => assert.notEqual(re2Problem(pattern), undefined))
  for (const pattern of ['^[a-z]{1,63}$', '(?:a|b)+', '\\\\1', 'a+?', '\\d+\\.\\w*'])
    it(`takes ${pattern}`, () => assert.equal(re2Problem(pattern), undefined))
})
