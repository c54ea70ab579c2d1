// Structs within columns: which fields a result has that the table lacks, and the table's type with them added.
import { type DeltaField, type DeltaType, type SqlType, showSqlType, toDeltaSchema } from '../../formats/index.ts'

/** Paths of the fields, at any depth, that the result has more: `address.zip`. */
export function extraFields(result: SqlType, table: DeltaType, path: string): string[] {
  if (typeof table === 'string') return []
  switch (table.type) {
    case 'array':
      return result.kind === 'list' || result.kind === 'array' ? extraFields(result.item, table.elementType, path) : []
    case 'map':
      if (result.kind !== 'map') return []
      return [
        ...extraFields(result.key, table.keyType, `${path}.key`),
        ...extraFields(result.value, table.valueType, `${path}.value`),
      ]
    case 'struct': {
      if (result.kind !== 'struct') return []
      return result.fields.flatMap(({ name, type }) => {
        const field = fieldOf(table.fields, name)
        return field === undefined ? [`${path}.${name}`] : extraFields(type, field.type, `${path}.${field.name}`)
      })
    }
    default:
      return table satisfies never
  }
}

/** The table's type, with the result's additional fields at the end of each struct. Keys of maps stay as they are. */
export function withExtraFields(result: SqlType, table: DeltaType): DeltaType {
  if (typeof table === 'string') return table
  switch (table.type) {
    case 'array':
      return result.kind === 'list' || result.kind === 'array'
        ? { ...table, elementType: withExtraFields(result.item, table.elementType) }
        : table
    case 'map':
      return result.kind === 'map' ? { ...table, valueType: withExtraFields(result.value, table.valueType) } : table
    case 'struct': {
      if (result.kind !== 'struct') return table
      const grown = table.fields.map((field) => {
        const found = result.fields.find(({ name }) => sameName(name, field.name))
        return found === undefined ? field : { ...field, type: withExtraFields(found.type, field.type) }
      })
      const added = result.fields.filter(({ name }) => fieldOf(table.fields, name) === undefined)
      const columns = added.map(({ name, type }) => ({ name, type: showSqlType(type) }))
      return { ...table, fields: [...grown, ...toDeltaSchema(columns).fields] }
    }
    default:
      return table satisfies never
  }
}

const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

const fieldOf = (fields: DeltaField[], name: string): DeltaField | undefined =>
  fields.find((field) => sameName(field.name, name))
