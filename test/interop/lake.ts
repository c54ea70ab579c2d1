// Tables that both sides read: ours through the real target and source, theirs through peers.ts.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { TableSource } from '../../src/plan/index.ts'
import { identifier } from '../../src/step/index.ts'
import { type Changes, type Tables, tables } from '../targets/table/table-fixture.ts'
import { type Contents, type Peers, READERS, type Reader, sorted } from './peers.ts'

export interface Lake extends Tables {
  /** The folder of table `t`. */
  path: string
  contents(source?: Partial<TableSource>, changes?: Changes): Promise<Contents>
  /** Asserts that every reader sees what we see. @returns what that is */
  agree(peers: Peers, readers?: readonly Reader[]): Promise<Contents>
}

export function aLake(): Lake {
  const own = tables()
  const path = join(own.root, 't')
  const contents: Lake['contents'] = async (source, changes) => {
    const { query, session } = await own.open(source, changes)
    try {
      const columns = (await session.describe(query)).map(({ name }) => name)
      const shown = columns.map((name, i) => `CAST(${identifier(name)} AS VARCHAR) AS c${i}`)
      const rows = await session.rows(`SELECT ${shown.join(', ')} FROM (${query})`)
      return sorted({ columns, rows: rows.map((row) => Object.values(row) as (string | null)[]) })
    } finally {
      session.close()
    }
  }
  const agree: Lake['agree'] = async (peers, readers = READERS) => {
    const ours = await contents()
    for (const reader of readers) assert.deepEqual(await peers.read({ reader, path }), ours, reader)
    return ours
  }
  return { ...own, path, contents, agree }
}
