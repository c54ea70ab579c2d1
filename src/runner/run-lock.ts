// At most one process is at a run id. Each that wants it puts a file of its own beside those of the others:
//
//   <recordRoot>/locks/<runId>/<holder>        wants it
//   <recordRoot>/locks/<runId>/<holder>.held   has it
//
// L1 Who has put its file and then sees no other living one, has it. So of two, the later one always sees the earlier one.
// L2 Of several that only want it, the first by name waits for the others to go or to have it; the others go.
// L3 The files of dead processes are removed by whoever meets them. A sweeper goes as soon as it sees anybody else; a runner
//    waits for a sweeper.
import { mkdir, readdir, rm, rmdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Holder, type HolderKind, isAlive, parseHolder, TOUCH_MS, thisProcess } from './holder.ts'

const HELD = '.held'
const POLL_MS = 10
const PATIENCE_MS = 5_000

export type LockResult = { release: () => Promise<void> } | { heldBy: Holder }

/** @param folder of the run id's locks; made and removed again */
export async function holdRun(folder: string, kind: HolderKind): Promise<LockResult> {
  const own = await thisProcess(kind)
  await putFile(folder, own.name)
  try {
    const deadline = Date.now() + PATIENCE_MS
    for (;;) {
      const others = await livingIn(folder, own)
      const rival = others.find((other) => mustYield(own, other)) ?? late(others, deadline)
      if (rival !== undefined) {
        await leave(folder, own)
        return { heldBy: rival.holder }
      }
      if (others.length === 0) break
      await delay(POLL_MS)
    }
    await writeFile(join(folder, own.name + HELD), '')
    return { release: keep(folder, own) }
  } catch (thrown) {
    await leave(folder, own)
    throw thrown
  }
}

interface Other {
  holder: Holder
  held: boolean
}

function mustYield(own: Holder, { holder, held }: Other): boolean {
  if (own.kind === 'sweep') return true
  if (holder.kind === 'sweep') return false
  return held || holder.name < own.name
}

const late = (living: Other[], deadline: number): Other | undefined => (Date.now() > deadline ? living[0] : undefined)

/** The others; the files of dead ones are removed. */
async function livingIn(folder: string, own: Holder): Promise<Other[]> {
  const names = await readdir(folder)
  const living: Other[] = []
  for (const name of names) {
    const holder = name.endsWith(HELD) ? undefined : parseHolder(name)
    if (holder === undefined || name === own.name) continue
    if (await isAlive(holder, join(folder, name))) living.push({ holder, held: names.includes(name + HELD) })
    else await leave(folder, holder)
  }
  return living
}

/** The folder may be removed by somebody else who leaves, between making it and using it. */
async function putFile(folder: string, name: string): Promise<void> {
  for (;;) {
    await mkdir(folder, { recursive: true })
    try {
      await writeFile(join(folder, name), '')
      return
    } catch (thrown) {
      if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT')) throw thrown
    }
  }
}

function keep(folder: string, own: Holder): () => Promise<void> {
  const touch = setInterval(() => {
    const now = new Date()
    utimes(join(folder, own.name), now, now).catch(() => undefined)
  }, TOUCH_MS)
  touch.unref()
  return async () => {
    clearInterval(touch)
    await leave(folder, own).catch(() => undefined) // then it is found to be dead, later
  }
}

async function leave(folder: string, { name }: Holder): Promise<void> {
  await rm(join(folder, name + HELD), { force: true })
  await rm(join(folder, name), { force: true })
  await rmdir(folder).catch(() => undefined) // somebody else is in it
}
