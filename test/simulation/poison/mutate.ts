// Poison: values that no sound writer writes, put at any place of an object, also inside the JSON texts that objects carry.
import fc from 'fast-check'
import type { ModelObject } from '../model/api-server.ts'
import type { Stored } from './history.ts'

const HUGE = 'x'.repeat(6000)
const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: [deep(levels - 1)] })

/** As JSON texts, since a parsed object may have a member `__proto__` and a literal may not. */
const VALUES: readonly string[] = [
  ...['null', 'true', 'false', '0', '-1', '1', '1.5', '1e308', '9007199254740993', '-0'],
  ...[
    '""',
    '" "',
    '"x"',
    '"__proto__"',
    '"constructor"',
    '"\\u0000"',
    '"\\ud800"',
    '"a\\u0000\\udc00b"',
    '"\\n\\n\\u001b[31m"',
  ],
  ...[
    '[]',
    '[null]',
    '[[]]',
    '{}',
    '[{}]',
    '{"a":null}',
    '{"__proto__":{"x":1}}',
    '{"constructor":{"prototype":{"y":1}}}',
  ],
  ...['{"toString":1}', '{"length":-1}', '{"then":1}', '["__proto__"]'],
  ...[
    '"2026-01-01T00:00:00Z"',
    '"0000-00-00T00:00:00Z"',
    '"+275760-09-13T00:00:00.001Z"',
    '"9999-12-31T23:59:60Z"',
    '"never"',
  ],
  ...[
    '"1s"',
    '"0s"',
    '"99999999999999999999d"',
    '"1h1h1h"',
    '"-5m"',
    '"Succeeded"',
    '"Failed"',
    '"Running"',
    '"Pending"',
  ],
  ...[
    '"S"',
    '"R"',
    '"RRRRRRRRRRRRRRR"',
    '"FSRKC.?"',
    '"OOMKilled"',
    '"Evicted"',
    '"DeadlineExceeded"',
    '"Unschedulable"',
  ],
  ...[
    '"$(params.x)"',
    '"../../etc"',
    '"{\\"version\\":1,\\"outcome\\":{"',
    '"sha256:0"',
    JSON.stringify(HUGE),
    JSON.stringify(deep(60)),
  ],
  JSON.stringify('日本語のとても長い文'.repeat(300)),
  JSON.stringify('\u0000\u0001"\\'.repeat(600)),
]

export const anyPoison: fc.Arbitrary<string> = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...VALUES) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 3, depthSize: 'small' }) },
)

export interface Mutation {
  /** Which of the cluster's objects. */
  object: number
  /** Where: at each level the member of this number, modulo how many there are; ends early at a leaf. */
  path: number[]
  how: 'set' | 'remove' | 'half' | 'double'
  /** JSON text of what is set. */
  value: string
}

export const anyMutation: fc.Arbitrary<Mutation> = fc.record({
  object: fc.nat(999),
  path: fc.array(fc.nat(999), { minLength: 1, maxLength: 8 }),
  how: fc.constantFrom(
    'set' as const,
    'set' as const,
    'set' as const,
    'remove' as const,
    'half' as const,
    'double' as const,
  ),
  value: anyPoison,
})

/** Changes one of the objects; what the API server itself guarantees (name, namespace, uid) stays. */
export function mutate(objects: Stored[], mutation: Mutation): void {
  const [, object] = objects[mutation.object % objects.length] ?? []
  if (object === undefined) return
  const { name, namespace, uid } = object.metadata
  walk(object as unknown as Record<string, unknown>, mutation.path, mutation)
  if (typeof object.metadata !== 'object' || object.metadata === null || Array.isArray(object.metadata))
    object.metadata = {} as ModelObject['metadata']
  Object.assign(object.metadata, { name, namespace, uid })
}

function walk(node: Record<string, unknown>, [step = 0, ...rest]: number[], mutation: Mutation): void {
  const keys = Object.keys(node)
  const key = keys[step % Math.max(1, keys.length)] ?? 'x'
  const child = node[key]
  if (rest.length > 0 && isNode(child)) {
    walk(child, rest, mutation)
    return
  }
  const inside = rest.length > 0 && typeof child === 'string' && child.startsWith('{') ? parsed(child) : undefined
  if (isNode(inside)) {
    walk(inside, rest, mutation)
    node[key] = JSON.stringify(inside)
    return
  }
  change(node, key, mutation)
}

function change(node: Record<string, unknown>, key: string, { how, value }: Mutation): void {
  const child = node[key]
  if (how === 'remove') delete node[key]
  else if (how === 'half' && typeof child === 'string') node[key] = child.slice(0, child.length / 2)
  else if (how === 'half' && Array.isArray(child)) node[key] = child.slice(0, child.length / 2)
  else if (how === 'double' && typeof child === 'string') node[key] = child + child
  else if (how === 'double' && Array.isArray(child)) node[key] = [...child, ...child]
  else node[key] = JSON.parse(value)
}

const isNode = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
