// The reflector behind a fault proxy, before a real API server, while objects come, change and go all the time. After every
// fault it must show what the server has, told of every change, without a list that was not needed.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { FaultProxy, RuleOptions } from './bed/fault-proxy.ts'
import type { Fault } from './bed/fault-proxy-faults.ts'
import { type ControlPlane, startControlPlane, until } from './bed/index.ts'
import { pause } from './bed/wait.ts'
import { Mirror } from './support/mirror.ts'
import { Writer } from './support/writer.ts'

let plane: ControlPlane
let writer: Writer
let mirrors: Mirror[] = []

before(async () => {
  plane = await startControlPlane()
  writer = new Writer(plane, Math.random)
  mirrors = [await Mirror.start(plane)]
})

after(async () => {
  await writer?.stop()
  await Promise.all(mirrors.map((mirror) => mirror[Symbol.asyncDispose]()))
  await plane?.stop()
})

/** How many more watches a mirror has begun, and lists: the first pages of them. */
function since({ proxy }: Mirror) {
  const mark = proxy.requests.length
  const lists = () =>
    proxy.requests.slice(mark).filter(({ verb, query }) => verb === 'list' && !query.has('continue')).length
  return { lists, watches: () => proxy.count({ verb: 'watch' }, mark) }
}

/** Plays a fault on every mirror while the writer writes; then all must show what the server has. */
async function play(fault: (mirror: Mirror) => Promise<void>) {
  const asked = mirrors.map(since)
  const written = writer.written.length
  writer.start()
  await Promise.all(mirrors.map(fault))
  await until('there were writes meanwhile', () => writer.written.length > written + 10)
  await writer.stop()
  for (const mirror of mirrors) mirror.proxy.heal()
  for (const mirror of mirrors) await mirror.shows(writer)
  return asked
}

const often =
  (disturb: (proxy: FaultProxy) => void) =>
  async ({ proxy }: Mirror) => {
    for (let round = 0; round < 8; round++) {
      await until('a watch is open', () => proxy.openWatches() > 0, { everyMs: 5 })
      disturb(proxy)
      await pause(30)
    }
  }

/** Cuts the watch, so that the next requests meet the fault; waits until they did. */
const meets =
  (fault: Fault, options: RuleOptions) =>
  async ({ proxy }: Mirror): Promise<void> => {
    const rule = proxy.inject(fault, options)
    proxy.cutWatches()
    await until(`${fault.do} was met`, () => rule.met === options.times, { everyMs: 5 })
    await until('a watch is open again', () => proxy.openWatches() > 0, { everyMs: 5 })
    rule.lift()
  }

async function noticed(code: string, { troubles }: Mirror): Promise<void> {
  const before = troubles.length
  await until(`${code} is noticed`, () => troubles.slice(before).includes(code))
}

const WATCH = { verb: 'watch' } as const

const RESUMED: Record<string, (mirror: Mirror) => Promise<void>> = {
  'watches are cut': often((proxy) => proxy.cutWatches()),
  'watches are ended': often((proxy) => proxy.endWatches()),
  'all connections are cut': often((proxy) => proxy.cutConnections()),
  'connections that nobody uses are closed': often((proxy) => {
    proxy.cutWatches()
    proxy.closeIdleConnections()
  }),
  'watches are cut after a few lines': meets({ do: 'cutWatch', lines: 3 }, { ...WATCH, times: 5 }),
  'watches are cut in the middle of a line': meets({ do: 'cutWatch', lines: 1, inLine: true }, { ...WATCH, times: 5 }),
  'watches are refused with 503': meets({ do: 'refuse', status: 503 }, { ...WATCH, times: 4 }),
  'watches are refused with 500': meets({ do: 'refuse', status: 500 }, { ...WATCH, times: 3 }),
  'watches are refused with 429': meets({ do: 'refuse', status: 429 }, { ...WATCH, times: 3 }),
  'watches are refused with 429 and a time to wait': meets(
    { do: 'refuse', status: 429, retryAfter: 1 },
    { ...WATCH, times: 1 },
  ),
  'watches get the page of a proxy': meets(
    { do: 'refuse', status: 200, body: '<html></html>' },
    { ...WATCH, times: 3 },
  ),
  'watches are slow to begin': meets({ do: 'delayRequest', ms: 300 }, { ...WATCH, times: 1 }),
  'watches have a head and no body for a while': meets({ do: 'delayBody', ms: 500 }, { ...WATCH, times: 1 }),
  'watches never begin': meets({ do: 'hold' }, { ...WATCH, times: 1 }),
  'watches fall silent': async (mirror) => {
    await meets({ do: 'holdWatch', lines: 2 }, { ...WATCH, times: 1 })(mirror)
    await noticed('WatchIdle', mirror)
  },
  'connections fall silent': async (mirror) => {
    const { opened } = mirror.proxy.connections
    mirror.proxy.freezeConnections()
    await noticed('WatchIdle', mirror)
    await until('a new connection is made', () => mirror.proxy.connections.opened > opened)
  },
}

const MOST_WATCHES = 20

for (const [what, fault] of Object.entries(RESUMED))
  test(`every change is told, and nothing is listed again, when ${what}`, async () => {
    for (const { lists, watches } of await play(fault)) {
      assert.equal(lists(), 0)
      assert.ok(watches() <= MOST_WATCHES, `${watches()} watches were begun`)
    }
    for (const mirror of mirrors) {
      const missed = writer.written.filter((version) => !mirror.told.has(version))
      assert.deepEqual(missed, [])
      await until('every deletion is told', () => writer.deleted.every((uid) => mirror.toldDeleted.has(uid)))
    }
  })

const LISTED: Record<string, (mirror: Mirror) => Promise<void>> = {
  'a watch says that its version is too old': meets({ do: 'expireWatch', lines: 2 }, { ...WATCH, times: 1 }),
  'a watch is refused since its version is too old': meets({ do: 'refuse', status: 410 }, { ...WATCH, times: 1 }),
  'a line of a watch is no event': meets({ do: 'garbleWatch', lines: 1, line: '<html>' }, { ...WATCH, times: 1 }),
  'a line of a watch is half an event': meets(
    { do: 'garbleWatch', lines: 1, line: '{"type":"ADDED","obj' },
    { ...WATCH, times: 1 },
  ),
}

for (const [what, fault] of Object.entries(LISTED))
  test(`there is exactly one list more when ${what}`, async () => {
    for (const { lists } of await play(fault)) assert.equal(lists(), 1)
  })
