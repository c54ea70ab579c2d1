// The message of a fault with what to do about it. Outcomes of steps tell that by themselves.
import { type Reason, WAYS_OUT } from '../manifest/index.ts'
import { boundedText } from './bounded-text.ts'
import { STEP_MESSAGE_BYTES } from './limits.ts'

/** `<message>; <way out>`; a message that is too long is cut before the way out. */
export function withWayOut(reason: Reason, message: string): string {
  const hint = WAYS_OUT[reason]
  if (hint === undefined || message.includes(hint)) return boundedText(message, STEP_MESSAGE_BYTES)
  const room = STEP_MESSAGE_BYTES - Buffer.byteLength(hint) - 2
  return `${boundedText(message.trimEnd().replace(/[.;]$/, ''), room)}; ${hint}`
}
