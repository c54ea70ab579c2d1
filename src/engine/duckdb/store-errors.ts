// What the engine says when an object store fails it, by the status of the last answer. The same codes as the log's own store
// (formats/store/s3-fault.ts): a user need not know which of the two was asked.
import type { FaultKind } from '../../base/index.ts'
import { byStatus } from '../../formats/index.ts'

interface StoreError {
  exception_type?: string
  status_code?: string
}

interface Treatment {
  kind: FaultKind
  code: string
  message: string
}

/** undefined: it was no object store. */
export function storeTreatment(error: StoreError, text: string): Treatment | undefined {
  const place = /(?:s3|https?):\/\/[^\s'"]+/.exec(text)?.[0].replace(/[:,.]$/, '')
  if (error.exception_type !== 'HTTP' && !/ for HTTP [A-Z]+ to '/.test(text)) return undefined
  const status = Number(error.status_code ?? /\(HTTP (?:code )?(\d{3})/.exec(text)?.[1] ?? Number.NaN)
  const what = `cannot read or write "${place ?? 'an object'}"`
  if (text.includes('NoSuchBucket'))
    return {
      kind: 'missing',
      code: 'BucketNotFound',
      message: `${what}: there is no such bucket; make it, or correct the place in the storage`,
    }
  if (status === 404)
    return {
      kind: 'missing',
      code: 'FileMissing',
      message: `${what}: there is none; check the path, and that its bucket is there`,
    }
  const { kind, code, why, wayOut } = byStatus(Number.isNaN(status) ? undefined : status)
  const shown = Number.isNaN(status) ? '' : ` (HTTP ${status})`
  return { kind, code, message: `${what}: ${why}${shown}; ${wayOut}` }
}
