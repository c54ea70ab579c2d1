// Tells the same thing at most once a minute: what fails over and over is worth one line, not a thousand.

const AGAIN_MS = 60_000
/** More different texts than that are forgotten, and told anew. */
const MOST_TEXTS = 100

/** @param now ms of a clock that never jumps */
export function seldom(tell: (text: string) => void, now: () => number): (text: string) => void {
  const toldAt = new Map<string, number>()
  return (text) => {
    const at = toldAt.get(text)
    if (at !== undefined && now() - at < AGAIN_MS) return
    if (toldAt.size >= MOST_TEXTS) toldAt.clear()
    toldAt.set(text, now())
    tell(text)
  }
}
