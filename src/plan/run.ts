// Who runs: ids that are stamped on commits, temps, events and reports.

export interface RunIdentity {
  /** A UUID unless the user gave one (ID_PATTERN). With `process` and `step` it makes the `txn` appId of every commit. */
  runId: string
  /** Of the ETLRun on Kubernetes: two runs may be given one run id, but never one uid. Elsewhere the run id stands for it. */
  uid?: string
  correlationId: string | null
  /** 1-based. */
  attempt: number
  lastAttempt: boolean
}

/** The Delta `txn` appId of a step's commit (design §5): the same over all attempts, so that a retry finds what is done. */
export function txnAppId({ uid, runId }: Pick<RunIdentity, 'uid' | 'runId'>, process: string, step: string): string {
  return `loom/${uid ?? runId}/${process}/${step}`
}
