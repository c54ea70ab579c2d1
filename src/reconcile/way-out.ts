// The message of a fault with what to do about it. Outcomes of steps tell that by themselves.
import { type Reason, WAYS_OUT } from '../manifest/index.ts'

/** The schema of the status takes so many characters of a step's message. */
export const MESSAGE_LENGTH = 512

/** `<message>; <way out>`; a message that is too long is cut before the way out. */
export function withWayOut(reason: Reason, message: string): string {
  const hint = WAYS_OUT[reason]
  if (hint === undefined || message.includes(hint)) return cut(message, MESSAGE_LENGTH)
  return `${cut(message.trimEnd().replace(/[.;]$/, ''), MESSAGE_LENGTH - hint.length - 2)}; ${hint}`
}

export const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`
