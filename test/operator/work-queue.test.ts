// The work queue in made-up time.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'
import fc from 'fast-check'
import { WorkQueue, type WorkQueueOptions } from '../../src/operator/work-queue.ts'

beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'Date'] }))
afterEach(() => mock.timers.reset())

const settled = () => new Promise((resolve) => setImmediate(resolve))

async function pass(ms: number): Promise<void> {
  mock.timers.tick(ms)
  await settled()
}

/** A queue whose work is done by the test: each look waits until it is ended. */
function manual(options: Partial<WorkQueueOptions> = {}) {
  const looks: {
    key: string
    end: (lookAgainMs?: number) => Promise<void>
    fail: (error: unknown) => Promise<void>
  }[] = []
  const done: { key: string; error?: unknown }[] = []
  const queue = new WorkQueue({
    workers: 2,
    work: (key) =>
      new Promise((resolve, reject) => {
        looks.push({
          key,
          end: async (lookAgainMs) => {
            resolve(lookAgainMs)
            await settled()
          },
          fail: async (error) => {
            reject(error)
            await settled()
          },
        })
      }),
    onDone: ({ key, error }) => done.push({ key, ...(error === undefined ? {} : { error }) }),
    monotonic: Date.now,
    random: () => 1,
    ...options,
  })
  return { queue, looks, done, keys: () => looks.map(({ key }) => key) }
}

test('a key that is added twice is looked at once, and in the order of adding', () => {
  const { queue, keys } = manual({ workers: 3 })
  for (const key of ['a', 'b', 'a', 'b', 'c', 'd']) queue.add(key)
  assert.deepEqual(keys(), ['a', 'b', 'c'])
  assert.equal(queue.depth, 1)
})

test('no more keys are in hand than there are workers', async () => {
  const { queue, looks, keys } = manual({ workers: 2 })
  for (const key of ['a', 'b', 'c', 'd']) queue.add(key)
  assert.deepEqual(keys(), ['a', 'b'])
  await looks[1]?.end()
  assert.deepEqual(keys(), ['a', 'b', 'c'])
  await looks[0]?.end()
  await looks[2]?.end()
  assert.deepEqual(keys(), ['a', 'b', 'c', 'd'])
})

test('a key that is added while it is in hand is looked at once more afterwards, and never twice at a time', async () => {
  const { queue, looks, keys } = manual({ workers: 2 })
  queue.add('a')
  queue.add('a')
  queue.add('a')
  assert.deepEqual(keys(), ['a'])
  await looks[0]?.end()
  assert.deepEqual(keys(), ['a', 'a'])
  await looks[1]?.end()
  assert.deepEqual(keys(), ['a', 'a'])
})

test('a look that wants another one later gets it then', async () => {
  const { queue, looks, keys } = manual()
  queue.add('a')
  await looks[0]?.end(5_000)
  await pass(4_999)
  assert.deepEqual(keys(), ['a'])
  await pass(1)
  assert.deepEqual(keys(), ['a', 'a'])
})

test('a new look ends the earlier wish to look later', async () => {
  const { queue, looks, keys } = manual()
  queue.add('a')
  await looks[0]?.end(5_000)
  queue.add('a')
  await looks[1]?.end()
  await pass(60_000)
  assert.deepEqual(keys(), ['a', 'a'])
})

test('of two wishes to look later the earlier one counts', async () => {
  const { queue, keys } = manual()
  queue.addLater('a', 5_000)
  queue.addLater('a', 1_000)
  queue.addLater('a', 9_000)
  await pass(1_000)
  assert.deepEqual(keys(), ['a'])
})

test('a wish beyond what timers can hold looks too early rather than at once', async () => {
  const { queue, keys } = manual()
  queue.addLater('a', 90 * 86_400_000)
  await pass(1_000)
  assert.deepEqual(keys(), [])
  await pass(2 ** 31)
  assert.deepEqual(keys(), ['a'])
})

test('a key that fails waits twice as long each time, up to a limit, and a success begins anew', async () => {
  const { queue, looks, done } = manual({ minRetryMs: 100, maxRetryMs: 1_000 })
  queue.add('a')
  const waits: number[] = []
  for (let look = 0; look < 6; look++) {
    await looks[look]?.fail(new Error('no'))
    const failedAt = Date.now()
    while (looks.length === look + 1) await pass(50)
    waits.push(Date.now() - failedAt)
  }
  assert.deepEqual(waits, [100, 200, 400, 800, 1_000, 1_000])
  assert.equal(done.length, 6)
  assert.ok(done.every(({ error }) => error instanceof Error))
  await looks[6]?.end()
  queue.add('a')
  await looks[7]?.fail(undefined)
  await pass(100)
  assert.equal(looks.length, 9)
})

test('waits differ by chance, so that all that failed together does not come again together', async () => {
  const { queue, looks, keys } = manual({ minRetryMs: 100, random: () => 0 })
  queue.add('a')
  await looks[0]?.fail(new Error('no'))
  await pass(50)
  assert.deepEqual(keys(), ['a', 'a'])
})

test('a failure that asks for more time gets it, within the limit', async () => {
  let asked = 3_000
  const { queue, looks, keys } = manual({ minRetryMs: 100, maxRetryMs: 10_000, askedMs: () => asked })
  queue.add('a')
  await looks[0]?.fail(new Error('no'))
  await pass(2_999)
  assert.deepEqual(keys(), ['a'])
  await pass(1)
  assert.deepEqual(keys(), ['a', 'a'])
  asked = 3_600_000
  await looks[1]?.fail(new Error('no'))
  await pass(10_000)
  assert.deepEqual(keys(), ['a', 'a', 'a'])
})

test('a change is looked at at once, however long the key would still wait after its failures', async () => {
  const { queue, looks, keys } = manual({ minRetryMs: 60_000 })
  queue.add('a')
  await looks[0]?.fail(new Error('no'))
  queue.add('a')
  assert.deepEqual(keys(), ['a', 'a'])
})

test('one key that always fails keeps nobody waiting', async () => {
  const seen: string[] = []
  const queue = new WorkQueue({
    workers: 1,
    work: async (key) => {
      seen.push(key)
      if (key === 'bad') throw new Error('no')
      return undefined
    },
    monotonic: Date.now,
    random: () => 1,
  })
  for (const key of ['bad', 'a', 'b']) queue.add(key)
  await settled()
  assert.deepEqual(seen, ['bad', 'a', 'b'])
  await queue.stop()
})

test('after a stop nothing begins, and the stop ends when nothing is in hand', async () => {
  const { queue, looks, keys } = manual({ workers: 1 })
  for (const key of ['a', 'b']) queue.add(key)
  queue.add('a')
  queue.addLater('c', 100)
  let stopped = false
  const stopping = queue.stop().then(() => {
    stopped = true
  })
  queue.add('d')
  await pass(1_000)
  assert.equal(stopped, false)
  await looks[0]?.end(50)
  await stopping
  await pass(1_000)
  assert.deepEqual(keys(), ['a'])
})

test('whatever is added and however looks end: every added key is looked at after it was added, and one at a time', async () => {
  const action = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    how: fc.constantFrom('add', 'end', 'fail', 'later', 'pass'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
      const { queue, looks, keys } = manual({ workers: 2, minRetryMs: 10, maxRetryMs: 20 })
      const open = new Set<number>()
      const owed = new Map<string, number>()
      let known = 0
      const note = () => {
        for (; known < looks.length; known++) open.add(known)
        const inHand = [...open].map((index) => keys()[index])
        assert.equal(new Set(inHand).size, inHand.length)
        assert.ok(inHand.length <= 2)
      }
      const first = (key: string) => [...open].find((index) => looks[index]?.key === key)
      for (const { key, how } of actions) {
        const index = first(key)
        if (how === 'add') owed.set(key, looks.length)
        if (how === 'add') queue.add(key)
        else if (how === 'later') queue.addLater(key, 15)
        else if (how === 'pass') await pass(10)
        else if (index !== undefined) {
          open.delete(index)
          await (how === 'end' ? looks[index]?.end() : looks[index]?.fail(new Error('no')))
        }
        note()
      }
      while (open.size > 0 || queue.depth > 0) {
        const [index = 0] = open
        open.delete(index)
        await looks[index]?.end()
        note()
      }
      for (const [key, since] of owed) assert.ok(keys().slice(since).includes(key), `${key} was never looked at again`)
      await queue.stop()
    }),
  )
})
