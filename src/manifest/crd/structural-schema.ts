// The subset of OpenAPI 3.0 that a CRD's schema is made of: "structural schemas" in the words of Kubernetes.

export interface Validation {
  required?: string[]
  properties?: Record<string, Validation>
  enum?: unknown[]
  not?: Validation
  allOf?: Validation[]
  anyOf?: Validation[]
  oneOf?: Validation[]
}

export interface CelRule {
  rule: string
  message: string
}

export interface StructuralSchema {
  description?: string
  type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'
  format?: string
  nullable?: boolean
  default?: unknown
  enum?: unknown[]
  pattern?: string
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  minItems?: number
  maxItems?: number
  maxProperties?: number
  required?: string[]
  properties?: Record<string, StructuralSchema>
  additionalProperties?: StructuralSchema
  items?: StructuralSchema
  not?: Validation
  allOf?: Validation[]
  anyOf?: Validation[]
  oneOf?: Validation[]
  'x-kubernetes-validations'?: CelRule[]
  'x-kubernetes-preserve-unknown-fields'?: true
  'x-kubernetes-list-type'?: string
  'x-kubernetes-list-map-keys'?: string[]
}
