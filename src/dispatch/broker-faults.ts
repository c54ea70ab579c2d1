// What can go wrong between a client and its broker.
import { Fault } from '../base/index.ts'

export const unreachable = (why: string): Fault =>
  new Fault({
    kind: 'transient',
    code: 'BrokerUnreachable',
    message: `cannot reach the broker: ${why}; look at its pods and at the network between`,
  })

export const noAnswer = (subject: string, why: string, cause?: unknown): Fault =>
  new Fault({
    kind: 'transient',
    code: 'NoAnswer',
    message: `cannot get an answer on "${subject}": ${why}; it is asked again`,
    cause,
  })

export const denied = (subject: string, cause: unknown): Fault =>
  new Fault({
    kind: 'denied',
    code: 'BrokerDenied',
    message: `cannot ask on "${subject}": the broker forbids it; correct the permissions of the credentials`,
    cause,
  })
