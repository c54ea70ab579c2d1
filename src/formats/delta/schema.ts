// A Delta table's schema as it stands in `metaData.schemaString`. What others put there (field metadata, nullability,
// types that we do not know) is kept as it is, so that writing a schema back loses nothing.
import type { Json } from '../../base/index.ts'

/** A primitive is its name: `long`, `decimal(10,2)`, `timestamp_ntz`. */
export type DeltaType = string | DeltaStruct | DeltaArray | DeltaMap

export interface DeltaField {
  name: string
  type: DeltaType
  nullable: boolean
  metadata: Record<string, Json>
}
interface DeltaStruct {
  type: 'struct'
  fields: DeltaField[]
}
interface DeltaArray {
  type: 'array'
  elementType: DeltaType
  containsNull: boolean
}
interface DeltaMap {
  type: 'map'
  keyType: DeltaType
  valueType: DeltaType
  valueContainsNull: boolean
}

/** The columns of a table, partition columns among them. */
export type DeltaSchema = DeltaStruct
