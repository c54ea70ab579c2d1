// Lawful names. Names become path segments, labels and object names, so they are checked before they are used as any.

/** Pipelines, processes, steps, params' owners: DNS-1123-like plus `_` (design §3.1), 1 to 63 characters. */
export const NAME_PATTERN = '^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$'

/** Params and source aliases are identifiers: they appear in SQL and in `$(params.x)`. */
export const IDENTIFIER_PATTERN = '^[A-Za-z_][A-Za-z0-9_]{0,62}$'

/** A table ref: two or three dotted identifiers (`raw.flights`, `lake.raw.flights`). */
export const TABLE_REF_PATTERN = '^[A-Za-z_][A-Za-z0-9_-]{0,62}(\\.[A-Za-z_][A-Za-z0-9_-]{0,62}){1,2}$'

/** Run ids and correlation ids: they become folder names and labels (TMP-2). */
export const ID_PATTERN = '^[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$'

export const isName = (text: string): boolean => new RegExp(NAME_PATTERN).test(text)
export const isTableRef = (text: string): boolean => new RegExp(TABLE_REF_PATTERN).test(text)
/** True for a lawful run or correlation id; `..` is refused though its characters are lawful. */
export const isId = (text: string): boolean => new RegExp(ID_PATTERN).test(text) && !text.includes('..')
