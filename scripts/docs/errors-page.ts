// docs/reference/errors.md, from the tables of codes.
import {
  type FaultCodes,
  OPERATOR_FAULTS,
  RUN_FAULTS,
  STEP_FAULTS,
  STORE_FAULTS,
  TABLE_FAULTS,
} from '../../src/base/fault-codes.ts'
import { markdownTable } from './markdown-table.ts'

export function errorsPage(): string {
  const table = (codes: FaultCodes) =>
    markdownTable(
      ['code', 'kind', 'meaning'],
      Object.entries(codes).map(([code, [kind, meaning]]) => [code, kind, meaning]),
    )
  return `${[
    '<!-- Generated from the tables in src by `make generate`; do not edit. -->',
    '# Errors at run time',
    'Codes of faults: printed by `loom run` before the message, and in reports, logs and metrics. What helps follows from the [kind](../concepts/faults.md); the message has the details and the way out. On Kubernetes the kind becomes the [reason](../operations.md#reasons) of the step. What is found before anything runs has [problem codes](problems.md).',
    '## Sources, SQL, code and targets',
    table(STEP_FAULTS),
    '## Tables',
    table(TABLE_FAULTS),
    '## Disks and object stores',
    table(STORE_FAULTS),
    '## Runs and their steps',
    table(RUN_FAULTS),
    '## Operator, workers, NATS',
    "In logs. Besides these, the API server's own reasons (`Forbidden`, `Conflict`, …) or `Http` and a status where it gave none.",
    table(OPERATOR_FAULTS),
  ].join('\n\n')}\n`
}
