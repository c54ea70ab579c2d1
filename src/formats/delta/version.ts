// Which version is meant: the newest, one by number, or the last one at or before an instant.
import { Fault } from '../../base/index.ts'
import { commitTime, readEntry } from './log-entry.ts'
import { type LogListing, newestVersion } from './log-files.ts'
import type { TableHandle, TableVersion } from './table.ts'

/** The oldest version from which every later one can be read; the newest one when the log has gaps. */
function oldestReadable(listing: LogListing, newest: number): number {
  const starts = listing.checkpoints.map((checkpoint) => checkpoint.version)
  let contiguous = newest
  while (listing.commits.has(contiguous)) contiguous -= 1
  // all entries after `contiguous` are there
  return contiguous < 0 ? 0 : (starts.find((version) => version >= contiguous) ?? newest)
}

/** @throws Fault missing TableVersionNotFound, invalid TimestampInvalid */
export async function resolveVersion(handle: TableHandle, listing: LogListing, at?: TableVersion): Promise<number> {
  const newest = newestVersion(listing) ?? 0
  if (at === undefined) return newest
  const oldest = oldestReadable(listing, newest)
  if ('version' in at) {
    if (at.version >= oldest && at.version <= newest) return at.version
    throw notFound(handle, `version ${at.version}`, `versions ${oldest} to ${newest} can be read`)
  }
  const instant = parseInstant(at.timestamp)
  const times = await commitTimes(handle, listing)
  const found = times.findLast(({ version, time }) => version >= oldest && time <= instant)
  if (found !== undefined) return found.version
  const first = times.find(({ version }) => version >= oldest)
  const since =
    first === undefined
      ? 'no version has a time'
      : `the first is version ${first.version} of ${new Date(first.time).toISOString()}`
  throw notFound(handle, `version at ${at.timestamp}`, since)
}

/** When each version was committed; later versions have later times, as the protocol's readers take them. */
async function commitTimes({ store }: TableHandle, listing: LogListing): Promise<{ version: number; time: number }[]> {
  const versions = [...listing.commits.keys()].sort((a, b) => a - b)
  const newestEntry = versions.length === 0 ? undefined : await readEntry(store, versions.at(-1) ?? 0)
  const inEntries = newestEntry !== undefined && commitTime(newestEntry) !== undefined
  const times: { version: number; time: number }[] = []
  for (const version of versions) {
    const written = inEntries ? commitTime((await readEntry(store, version)) ?? []) : undefined
    const time = written ?? listing.commits.get(version)?.modifiedAt ?? 0
    times.push({ version, time: Math.max(time, (times.at(-1)?.time ?? Number.NEGATIVE_INFINITY) + 1) })
  }
  return times
}

function parseInstant(text: string): number {
  const hasZone = /(?:Z|[+-]\d\d:?\d\d)$/i.test(text)
  const instant = Date.parse(hasZone || !/\d:\d/.test(text) ? text : `${text}Z`)
  if (!Number.isNaN(instant)) return instant
  throw new Fault({
    kind: 'invalid',
    code: 'TimestampInvalid',
    message: `cannot read a table at "${text}": it is no instant; write it like 2013-01-31T05:00:00Z`,
  })
}

function notFound({ store }: TableHandle, what: string, range: string): Fault {
  return new Fault({
    kind: 'missing',
    code: 'TableVersionNotFound',
    message: `cannot read ${what} of table "${store.root}": there is no such version; ${range}`,
  })
}
