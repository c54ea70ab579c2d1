// Leader election in made-up time: who leads when, whatever the server does.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'
import fc from 'fast-check'
import { type Leadership, LeaseCandidate } from '../../src/effects/index.ts'
import { LeaseServer, type Way } from './lease-server.ts'

const SECOND = 1_000
/** Lease 15 s, renewal given up after 10 s, tried every 2 s: the defaults. */
const LEASE = 15 * SECOND

beforeEach(() => begin())
afterEach(() => mock.timers.reset())

function begin(): void {
  mock.timers.reset()
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
}

/** Lets time pass, and between all that follows from it. */
async function pass(ms: number, step = 100): Promise<void> {
  for (let left = ms; left > 0; left -= step) {
    mock.timers.tick(Math.min(step, left))
    await settled()
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

interface Interval {
  who: string
  term: number
  from: number
  to: number
}

interface Circumstances {
  way?: (verb: string) => Way
  /** Its clock from ours. */
  apartMs?: number
}

/** As an operator: it leads once, and when that is over its supervisor starts another one. */
class Contender {
  leads = false
  readonly intervals: Interval[] = []
  leadership: Leadership | undefined
  readonly stop = new AbortController()

  constructor(server: LeaseServer, who: string, circumstances: Circumstances = {}) {
    void this.#run(server, who, circumstances)
  }

  async #run(server: LeaseServer, who: string, { way = () => ({}), apartMs = 0 }: Circumstances): Promise<void> {
    for (let life = 1; ; life++) {
      const candidate = new LeaseCandidate({
        client: server.seenBy(way),
        namespace: 'default',
        name: 'loom',
        identity: `${who} in life ${life}`,
        now: () => Date.now() + apartMs,
        monotonic: Date.now,
        random: () => 0.5,
      })
      this.leadership = await candidate.lead(this.stop.signal)
      if (this.leadership === undefined) return
      const { term } = this.leadership
      const interval = { who, term, from: Date.now(), to: Number.POSITIVE_INFINITY }
      this.intervals.push(interval)
      this.leads = true
      await end(this.leadership.lost)
      this.leads = false
      interval.to = Date.now()
    }
  }
}

const end = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })

test('the first candidate leads, and the second one as soon as the first gives up', async () => {
  const server = new LeaseServer()
  const first = new Contender(server, 'first')
  await pass(SECOND)
  const second = new Contender(server, 'second')
  await pass(60 * SECOND)
  assert.deepEqual([first.leads, second.leads], [true, false])
  first.stop.abort()
  await first.leadership?.release()
  assert.equal(server.stored?.spec?.holderIdentity, '')
  await pass(3 * SECOND)
  assert.deepEqual([first.leads, second.leads], [false, true])
})

test('a dead leader is followed when its lease was seen unchanged for its whole duration, and not before', async () => {
  const server = new LeaseServer()
  server.write({ metadata: { name: 'loom', namespace: 'default' }, spec: { holderIdentity: 'dead' } })
  const second = new Contender(server, 'second')
  await pass(LEASE - 100)
  assert.equal(second.leads, false)
  await pass(3 * SECOND)
  assert.equal(second.leads, true)
})

test('a leader that gets no answer stops 10 s after the last renewal that was answered was sent', async (t) => {
  const ways: Record<string, Way> = {
    'the request hangs': { lost: 'request' },
    'the answer hangs': { lost: 'answer' },
    'the answer is slow': { back: 30 * SECOND },
    'the server refuses': { refused: 503 },
  }
  for (const [what, broken] of Object.entries(ways))
    for (const verb of ['get', 'update'])
      await t.test(`${what}: ${verb}`, async () => {
        let way: Way = {}
        const leader = new Contender(new LeaseServer(), 'leader', {
          way: (asked) => (asked === verb ? way : {}),
        })
        await pass(SECOND)
        assert.equal(leader.leads, true)
        way = broken
        await pass(9 * SECOND)
        assert.equal(leader.leads, true)
        await pass(2 * SECOND)
        assert.equal(leader.leads, false)
      })
})

test('a leader whose write met another of its own reads who leads before it believes anything', async () => {
  const server = new LeaseServer()
  let back = 0
  const leader = new Contender(server, 'leader', { way: (verb) => (verb === 'get' ? { back } : {}) })
  await pass(SECOND)
  back = 500
  await pass(1_300)
  // Between its reading and its writing somebody writes a label.
  if (server.stored !== undefined) server.write({ ...server.stored })
  await pass(20 * SECOND)
  assert.equal(leader.leads, true)
  assert.equal(leader.intervals.length, 1)
})

test('a leader whose lease is taken from it by hand stops at the next renewal', async () => {
  const server = new LeaseServer()
  const leader = new Contender(server, 'leader')
  await pass(SECOND)
  if (server.stored !== undefined) server.write({ ...server.stored, spec: { holderIdentity: 'hand' } })
  await pass(2_100)
  assert.equal(leader.leads, false)
})

test('who stops does not wait for a server that does not answer', async () => {
  let way: Way = {}
  const leader = new Contender(new LeaseServer(), 'leader', { way: () => way })
  const waiting = new Contender(new LeaseServer(), 'waiting', { way: () => ({ lost: 'request' }) })
  await pass(SECOND)
  way = { lost: 'request' }
  await pass(2 * SECOND)
  leader.stop.abort()
  waiting.stop.abort()
  let released = false
  void leader.leadership?.release().then(() => {
    released = true
  })
  await pass(2 * SECOND)
  assert.equal(released, true)
  assert.equal(waiting.leadership, undefined)
})

test('there are never two leaders at a time, and later terms are higher, whatever becomes of requests and answers, and whatever their clocks say', async () => {
  const way = fc.record({
    there: fc.constantFrom(0, 0, 0, 0, 100, 3 * SECOND, 20 * SECOND),
    back: fc.constantFrom(0, 0, 0, 0, 100, 3 * SECOND, 20 * SECOND),
    lost: fc.constantFrom(undefined, undefined, undefined, 'request' as const, 'answer' as const),
    refused: fc.constantFrom(undefined, undefined, undefined, undefined, 503, 429),
  })
  let changes = 0
  const play = async (ways: Way[][]) => {
    begin()
    const server = new LeaseServer()
    const contenders = ways.map((mine, index) => {
      let asked = 0
      const way = () => mine[asked++ % mine.length] ?? {}
      return new Contender(server, `candidate ${index}`, { way, apartMs: -index * 300 * SECOND })
    })
    await pass(180 * SECOND, 200)
    const led = contenders.flatMap(({ intervals }) => intervals).sort((a, b) => a.from - b.from)
    for (const [index, next] of led.entries()) {
      const before = led[index - 1]
      if (before === undefined) continue
      changes += 1
      assert.ok(
        before.to <= next.from && before.term < next.term,
        `${JSON.stringify(before)} and ${JSON.stringify(next)}`,
      )
    }
    for (const { stop } of contenders) stop.abort()
    await settled()
  }
  const schedules = fc.array(fc.array(way, { minLength: 1, maxLength: 30 }), { minLength: 2, maxLength: 3 })
  await fc.assert(fc.asyncProperty(schedules, play), { numRuns: 60 })
  assert.ok(changes > 20, `the lease changed hands ${changes} times`)
})
