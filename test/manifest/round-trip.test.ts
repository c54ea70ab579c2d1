// Properties over random documents of all kinds, made from the schemas.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseDocument, visit } from 'yaml'
import {
  checkDocument,
  KINDS,
  type Kind,
  type ManifestDocument,
  parseDocuments,
  toYaml,
} from '../../src/manifest/index.ts'
import { otherReading } from '../../src/manifest/yaml/ambiguous.ts'
import { anyDocument } from './arbitrary.ts'

type Value = ManifestDocument['value']

/** -0 is 0 in JSON and YAML alike. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('random documents', () => {
  it('come back equal through YAML, without a problem', () => {
    fc.assert(
      fc.property(anyDocument, (value) => {
        const text = toYaml(value)
        const { documents, problems } = parseDocuments(text, 'out.yaml')
        assert.deepEqual(problems, [], text)
        assert.deepEqual(plain(documents[0]?.value), plain(value))
      }),
      { numRuns: 400 },
    )
  })

  it('come back equal through JSON, whatever its indentation', () => {
    fc.assert(
      fc.property(anyDocument, fc.constantFrom(0, 2, '\t'), (value, indent) => {
        const { documents, problems } = parseDocuments(JSON.stringify(value, null, indent), 'out.json')
        assert.deepEqual(problems, [])
        assert.deepEqual(plain(documents[0]?.value), plain(value))
      }),
      { numRuns: 200 },
    )
  })

  it('are written the same way whatever the order of their fields', () => {
    fc.assert(
      fc.property(anyDocument, (value) => assert.equal(toYaml(backwards(value)), toYaml(value))),
      { numRuns: 100 },
    )
  })

  it('are refused by the check whenever the schema refuses them, after any change', () => {
    fc.assert(
      fc.property(anyDocument, fc.nat(), fc.jsonValue(), (value, where, odd) => {
        const changed = withChange(value, where, odd)
        const { document, findings } = checkDocument(changed)
        assert.equal(document === undefined, findings.length > 0)
        if (!KINDS[kindOf(changed)].safeParse(changed).success) assert.ok(findings.length > 0)
      }),
      { numRuns: 600 },
    )
  })

  it('name the field for every unknown field that is put somewhere', () => {
    fc.assert(
      fc.property(anyDocument, (value) => {
        const spec = { ...value.spec, unheardOf: 1 }
        const { findings } = checkDocument({ ...value, spec })
        assert.deepEqual(
          findings.map(({ code, path }) => [code, path.join('.')]),
          [['UnknownField', 'spec.unheardOf']],
        )
      }),
      { numRuns: 100 },
    )
  })

  it('have nothing unquoted in their YAML that kubectl would read otherwise', () => {
    fc.assert(
      fc.property(anyDocument, (value) => {
        visit(parseDocument(toYaml(value)), {
          Scalar: (_, { type, value: text }) => {
            if (type === 'PLAIN' && typeof text === 'string') assert.equal(otherReading(text), undefined, text)
          },
        })
      }),
      { numRuns: 100 },
    )
  })
})

function kindOf(value: unknown): Kind {
  const kind: unknown = Object(value).kind
  const kinds = Object.keys(KINDS) as Kind[]
  return kinds.find((candidate) => candidate === kind) ?? 'ETLPipeline'
}

/** The same document with its own fields and those of its spec in the other order. */
function backwards(value: Value): Value {
  const turned = (object: object): object => Object.fromEntries(Object.entries(object).reverse())
  return Object.assign({}, turned({ ...value, spec: turned(value.spec) }), { kind: value.kind }) as Value
}

/** The document with one of its values, chosen by number, replaced. */
function withChange(value: unknown, where: number, odd: unknown): unknown {
  const places: [holder: object, key: string][] = []
  const copy: unknown = structuredClone(value)
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    for (const [key, member] of Object.entries(node)) {
      places.push([node, key])
      visit(member)
    }
  }
  visit(copy)
  const place = places[where % places.length]
  if (place !== undefined) Reflect.set(place[0], place[1], odd)
  return copy
}
