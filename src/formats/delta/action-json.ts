// Actions as JSON objects: in log entries and, column by column, in checkpoints. What does not look as the protocol says is
// refused, not repaired.
import type { Action, AddFile, Metadata, Protocol, RemoveFile, Transaction } from './actions.ts'
import { decodePath, encodePath } from './partition-value.ts'
import { parseSchemaString } from './schema-json.ts'

type JsonObject = Record<string, unknown>

/** Says which member of an action is wrong, and how. */
export class ActionError extends Error {}

/** @param name the member's name in a log line: `add`, `metaData`, … @throws ActionError */
export function parseAction(name: string, value: unknown): Action {
  const members = new Members(name, value)
  switch (name) {
    case 'add':
      return { kind: 'add', add: parseAdd(members) }
    case 'remove':
      return { kind: 'remove', remove: parseRemove(members) }
    case 'metaData':
      return { kind: 'metadata', metadata: parseMetadata(members) }
    case 'protocol':
      return { kind: 'protocol', protocol: parseProtocol(members) }
    case 'txn':
      return { kind: 'transaction', transaction: parseTransaction(members) }
    case 'commitInfo':
      return { kind: 'commitInfo', commitInfo: members.all }
    default:
      return { kind: 'other', name }
  }
}

/** The action as the member of a log line. */
export function showAction(action: Exclude<Action, { kind: 'other' }>): JsonObject {
  switch (action.kind) {
    case 'add':
      return { add: { ...action.add, path: encodePath(action.add.path) } }
    case 'remove':
      return { remove: { ...action.remove, path: encodePath(action.remove.path) } }
    case 'metadata': {
      const { schema, ...metadata } = action.metadata
      const format = { provider: 'parquet', options: {} }
      return { metaData: { ...metadata, format, schemaString: JSON.stringify(schema) } }
    }
    case 'protocol':
      return { protocol: action.protocol }
    case 'transaction':
      return { txn: action.transaction }
    case 'commitInfo':
      return { commitInfo: action.commitInfo }
    default:
      return action satisfies never
  }
}

function parseAdd(members: Members): AddFile {
  const stats = members.optional('stats', isText)
  const tags = members.optional('tags', isTextMap)
  const deletionVector = members.all['deletionVector'] ?? undefined
  return {
    path: decodePath(members.required('path', isText)),
    partitionValues: members.required('partitionValues', isTextMap),
    size: members.required('size', isCount),
    modificationTime: members.required('modificationTime', isNumber),
    dataChange: members.required('dataChange', isBoolean),
    ...(stats === undefined ? {} : { stats }),
    ...(tags === undefined ? {} : { tags }),
    ...(deletionVector === undefined ? {} : { deletionVector }),
  }
}

function parseRemove(members: Members): RemoveFile {
  const deletionTimestamp = members.optional('deletionTimestamp', isNumber)
  const extendedFileMetadata = members.optional('extendedFileMetadata', isBoolean)
  const partitionValues = members.optional('partitionValues', isTextMap)
  const size = members.optional('size', isCount)
  const tags = members.optional('tags', isTextMap)
  const deletionVector = members.all['deletionVector'] ?? undefined
  return {
    path: decodePath(members.required('path', isText)),
    dataChange: members.optional('dataChange', isBoolean) ?? true,
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    ...(extendedFileMetadata === undefined ? {} : { extendedFileMetadata }),
    ...(partitionValues === undefined ? {} : { partitionValues }),
    ...(size === undefined ? {} : { size }),
    ...(tags === undefined ? {} : { tags }),
    ...(deletionVector === undefined ? {} : { deletionVector }),
  }
}

function parseMetadata(members: Members): Metadata {
  const name = members.optional('name', isText)
  const description = members.optional('description', isText)
  const createdTime = members.optional('createdTime', isNumber)
  const schemaString = members.required('schemaString', isText)
  const schema = parseSchemaString(schemaString)
  if (typeof schema === 'string') throw new ActionError(`metaData.schemaString ${schema}`)
  return {
    id: members.required('id', isText),
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    schema,
    partitionColumns: members.required('partitionColumns', isTextList),
    configuration: textsOf(members.optional('configuration', isTextMap) ?? {}),
    ...(createdTime === undefined ? {} : { createdTime }),
  }
}

function parseProtocol(members: Members): Protocol {
  const readerFeatures = members.optional('readerFeatures', isTextList)
  const writerFeatures = members.optional('writerFeatures', isTextList)
  return {
    minReaderVersion: members.required('minReaderVersion', isCount),
    minWriterVersion: members.required('minWriterVersion', isCount),
    ...(readerFeatures === undefined ? {} : { readerFeatures }),
    ...(writerFeatures === undefined ? {} : { writerFeatures }),
  }
}

function parseTransaction(members: Members): Transaction {
  const lastUpdated = members.optional('lastUpdated', isNumber)
  return {
    appId: members.required('appId', isText),
    version: members.required('version', isNumber),
    ...(lastUpdated === undefined ? {} : { lastUpdated }),
  }
}

const textsOf = (map: Record<string, string | null>): Record<string, string> =>
  Object.fromEntries(Object.entries(map).flatMap(([name, value]) => (value === null ? [] : [[name, value]])))

interface Check<T> {
  (value: unknown): value is T
  /** What a value of it is called. */
  noun: string
}

const check = <T>(noun: string, test: (value: unknown) => boolean): Check<T> =>
  Object.assign((value: unknown): value is T => test(value), { noun })

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = check<string>('text', (value) => typeof value === 'string')
const isBoolean = check<boolean>('true or false', (value) => typeof value === 'boolean')
const isNumber = check<number>('a number', (value) => typeof value === 'number')
const isCount = check<number>('a number of 0 or more', (value) => typeof value === 'number' && value >= 0)
const isTextList = check<string[]>('a list of texts', (value) => Array.isArray(value) && value.every(isText))
const isTextMap = check<Record<string, string | null>>(
  'an object of texts',
  (value) => isObject(value) && Object.values(value).every((member) => member === null || isText(member)),
)

class Members {
  readonly all: JsonObject
  readonly #action: string

  constructor(action: string, value: unknown) {
    if (!isObject(value)) throw new ActionError(`${action} is not an object`)
    this.all = value
    this.#action = action
  }

  required<T>(name: string, is: Check<T>): T {
    const value = this.optional(name, is)
    if (value === undefined) throw new ActionError(`${this.#action}.${name} is missing`)
    return value
  }

  /** JSON null counts as absent. */
  optional<T>(name: string, is: Check<T>): T | undefined {
    const value = this.all[name] ?? undefined
    if (value === undefined || is(value)) return value
    throw new ActionError(`${this.#action}.${name} is not ${is.noun}`)
  }
}
