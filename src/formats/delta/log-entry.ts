// A log entry: one version's actions, one JSON object a line.
import type { ObjectStore } from '../../step/index.ts'
import { ActionError, parseAction, showAction } from './action-json.ts'
import type { Action } from './actions.ts'
import { corruptLog, type LogPlace } from './log-fault.ts'
import { commitPath } from './log-files.ts'

/** @returns undefined when there is no such version. @throws Fault invalid CorruptLog (file and line) */
export async function readEntry(store: ObjectStore, version: number): Promise<Action[] | undefined> {
  const file = commitPath(version)
  const bytes = await store.get(file)
  return bytes === undefined ? undefined : parseEntry(bytes, { table: store.root, file })
}

function parseEntry(bytes: Uint8Array, place: Omit<LogPlace, 'line'>): Action[] {
  const text = decode(bytes, place)
  const actions: Action[] = []
  text.split('\n').forEach((line, i) => {
    if (line.trim() !== '') actions.push(...parseLine(line, { ...place, line: i + 1 }))
  })
  if (actions.length === 0) throw corruptLog(place, 'the file is empty')
  return actions
}

export function showEntry(actions: Exclude<Action, { kind: 'other' }>[]): Uint8Array {
  return new TextEncoder().encode(actions.map((action) => `${JSON.stringify(showAction(action))}\n`).join(''))
}

function decode(bytes: Uint8Array, place: LogPlace): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (thrown) {
    throw corruptLog(place, 'it is not UTF-8 text', thrown)
  }
}

function parseLine(line: string, place: LogPlace): Action[] {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (thrown) {
    throw corruptLog(place, 'it is not JSON', thrown)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw corruptLog(place, 'it is not a JSON object')
  return parseMembers(value, place)
}

/** The actions among the members of an object, null ones left out. @throws Fault invalid CorruptLog */
export function parseMembers(value: object, place: LogPlace): Action[] {
  try {
    return Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([name, member]) => parseAction(name, member))
  } catch (thrown) {
    if (thrown instanceof ActionError) throw corruptLog(place, thrown.message)
    throw thrown
  }
}

/** The time that the writer itself wrote into the entry (milliseconds), where the table demands one. */
export function commitTime(actions: Action[]): number | undefined {
  const info = actions.find((action) => action.kind === 'commitInfo')?.commitInfo
  const time = info?.['inCommitTimestamp']
  return typeof time === 'number' ? time : undefined
}
