// A schema as JSON text. Types that we have no name for are kept: whether they can be read is decided where they are used.
import type { Json } from '../../base/index.ts'
import type { DeltaField, DeltaSchema, DeltaType } from './schema.ts'

class SchemaError extends Error {}

/** @returns what is wrong with the text, when it is no schema */
export function parseSchemaString(text: string): DeltaSchema | string {
  try {
    const type = parseType(JSON.parse(text), 'the schema')
    return typeof type === 'object' && type.type === 'struct' ? type : 'is not a struct'
  } catch (thrown) {
    return thrown instanceof SchemaError ? thrown.message : 'is not JSON'
  }
}

function parseType(value: unknown, path: string): DeltaType {
  if (typeof value === 'string') return value
  const members = membersOf(value, path)
  switch (members['type']) {
    case 'struct': {
      const fields = members['fields']
      if (!Array.isArray(fields)) throw new SchemaError(`has no fields in ${path}`)
      return { type: 'struct', fields: fields.map((field) => parseField(field, path)) }
    }
    case 'array':
      return {
        type: 'array',
        elementType: parseType(members['elementType'], `${path}, element`),
        containsNull: members['containsNull'] !== false,
      }
    case 'map':
      return {
        type: 'map',
        keyType: parseType(members['keyType'], `${path}, key`),
        valueType: parseType(members['valueType'], `${path}, value`),
        valueContainsNull: members['valueContainsNull'] !== false,
      }
    default:
      throw new SchemaError(`has an unknown type ${JSON.stringify(members['type'])} in ${path}`)
  }
}

function parseField(value: unknown, path: string): DeltaField {
  const { name, type, nullable, metadata } = membersOf(value, path)
  if (typeof name !== 'string') throw new SchemaError(`has a field without a name in ${path}`)
  return {
    name,
    type: parseType(type, `field "${name}"`),
    nullable: nullable !== false,
    metadata: metadata === undefined || metadata === null ? {} : (membersOf(metadata, path) as Record<string, Json>),
  }
}

function membersOf(value: unknown, path: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new SchemaError(`has something that is no type in ${path}`)
}
