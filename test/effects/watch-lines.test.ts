// The lines of a watch, however the network cuts them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ApiFault, watchEvents } from '../../src/effects/index.ts'

const added = (name: string) => ({ type: 'ADDED', object: { metadata: { name, resourceVersion: '7' } } })
const bytes = (text: string) => new TextEncoder().encode(text)

async function* chunksOf(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

async function read(...chunks: Uint8Array[]): Promise<unknown[]> {
  const events: unknown[] = []
  for await (const event of watchEvents(chunksOf(...chunks))) events.push(event)
  return events
}

test('a watch reads the same events wherever its bytes are cut, also inside a character', async () => {
  const names = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }), { maxLength: 6 })
  const cuts = fc.array(fc.nat(400), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(names, cuts, async (wanted, where) => {
      const events = wanted.map(added)
      const all = bytes(events.map((event) => `${JSON.stringify(event)}\n`).join(''))
      const ends = [...new Set([...where.filter((cut) => cut < all.length), all.length])].sort((a, b) => a - b)
      const chunks = ends.map((end, index) => all.subarray(ends[index - 1] ?? 0, end))
      assert.deepEqual(await read(...chunks), events)
    }),
  )
})

test('a last line without its end is no event, and no fault: the next watch brings it again', async () => {
  const half = JSON.stringify(added('b')).slice(0, 30)
  assert.deepEqual(await read(bytes(`${JSON.stringify(added('a'))}\n${half}`)), [added('a')])
})

test('a whole line that is no event ends the watch, and the events before it count', async (t) => {
  const bad = {
    'a page of a proxy': '<html><body>502 Bad Gateway</body></html>',
    'half an object': '{"type":"ADDED","object":{"metadata":{"name":"b"',
    nothing: 'null',
    'no object': '{"type":"ADDED"}',
    'an object that is null': '{"type":"MODIFIED","object":null}',
    'an object without metadata': '{"type":"MODIFIED","object":{}}',
    'an object without version': '{"type":"MODIFIED","object":{"metadata":{"name":"b"}}}',
    'an object without name': '{"type":"DELETED","object":{"metadata":{"resourceVersion":"8"}}}',
    'a bookmark without version': '{"type":"BOOKMARK","object":{"metadata":{}}}',
    'a type that nobody knows': '{"type":"RENAMED","object":{"metadata":{"name":"b","resourceVersion":"8"}}}',
  }
  for (const [what, text] of Object.entries(bad))
    await t.test(what, async () => {
      const seen: unknown[] = []
      const reading = async () => {
        for await (const event of watchEvents(chunksOf(bytes(`${JSON.stringify(added('a'))}\n${text}\n`))))
          seen.push(event)
      }
      await assert.rejects(reading, (fault: ApiFault) => fault.code === 'BadWatchLine' && fault.kind === 'transient')
      assert.deepEqual(seen, [added('a')])
    })
})
