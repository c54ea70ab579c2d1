// Values that a user gives (params, partition values): typed, lossless, plain JSON.

export const PARAM_TYPES = ['string', 'integer', 'number', 'boolean', 'date', 'timestamp', 'uuid', 'list'] as const
export type ParamType = (typeof PARAM_TYPES)[number]
export type ScalarType = Exclude<ParamType, 'list'>

/**
 * One typed scalar. `integer` keeps its digits as text (64 bits do not fit a JavaScript number); `date` is `2013-01-01`;
 * `timestamp` is ISO 8601 in UTC with six fractional digits (`2013-01-01T05:00:00.000000Z`); `uuid` is lower case.
 */
export type ScalarValue =
  | { type: 'string' | 'integer' | 'date' | 'timestamp' | 'uuid'; value: string }
  | { type: 'number'; value: number }
  | { type: 'boolean'; value: boolean }
  | { type: 'null'; value: null }

export type TypedValue = ScalarValue | { type: 'list'; items: ScalarType; value: ScalarValue[] }

/** The values of all params of a run, by name; those with no value and no default do not occur (compile refuses them). */
export type ParamValues = Record<string, TypedValue>
