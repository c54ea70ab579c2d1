// Who runs: ids that are stamped on commits, temps, events and reports.

export interface RunIdentity {
  /** A UUID unless the user gave one (ID_PATTERN). With `process` and `step` it makes the `txn` appId of every commit. */
  runId: string
  correlationId: string | null
  /** 1-based. */
  attempt: number
  lastAttempt: boolean
}

/** The Delta `txn` appId of a step's commit (design §5): the same over all attempts, so that a retry finds what is done. */
export function txnAppId(runId: string, process: string, step: string): string {
  return `loom/${runId}/${process}/${step}`
}
