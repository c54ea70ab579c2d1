// How long the operator lets a run wait between two steps, and how many writes a run costs it: both from the audit log.
import type { AuditEntry } from '../../cluster/bed/index.ts'
import { OPERATOR_USER } from '../../cluster/support/rights.ts'
import { type Lab, long, oneStep } from './lab.ts'

const WRITES = ['create', 'update', 'patch', 'delete']

/** Writes of the operator for a run of one step, its lease left out. */
export async function writesOfOneStep(lab: Lab): Promise<number> {
  const before = lab.plane.auditLog().length
  await lab.apply(oneStep('writes'))
  await lab.succeeds('writes')
  return lab.plane.auditLog().slice(before).filter(isWrite).length
}

const isWrite = ({ user, verb, resource }: AuditEntry): boolean =>
  user === OPERATOR_USER && WRITES.includes(verb) && resource !== 'leases'

/**
 * Milliseconds between two steps of a run, one for each of its steps but the first: from the moment that the API server got a
 * pod's last status to the moment that it got the next Job.
 */
export async function gaps(lab: Lab, steps: number): Promise<readonly number[]> {
  const before = lab.plane.auditLog().length
  await lab.apply(long('long', steps))
  await lab.succeeds('long')
  const log = lab.plane
    .auditLog()
    .slice(before)
    .toSorted((a, b) => a.at.getTime() - b.at.getTime())
  const isJob = ({ user, verb, resource }: AuditEntry) =>
    user === OPERATOR_USER && verb === 'create' && resource === 'jobs'
  const isStatus = ({ user, resource, subresource }: AuditEntry) =>
    user === lab.plane.nodes.name && resource === 'pods' && subresource === 'status'
  const found: number[] = []
  let status: AuditEntry | undefined
  for (const entry of log) {
    if (isStatus(entry)) status = entry
    if (isJob(entry) && status !== undefined) found.push(entry.at.getTime() - status.at.getTime())
  }
  if (found.length !== steps - 1) throw new Error(`${steps} steps, and ${found.length} waits between them`)
  return found
}
