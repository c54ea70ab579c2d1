// The API server runs patterns with RE2, which knows less than JavaScript.

const LEFT_OUT: readonly [RegExp, string][] = [
  [/\(\?<?[=!]/, 'look-around'],
  [/\(\?>/, 'an atomic group'],
  [/\\[1-9]|\\k</, 'a back reference'],
  [/\\u/, 'a \\u escape'],
  [/\\c[A-Za-z]/, 'a \\c escape'],
  [/(?:[*+?]|\})\+/, 'a possessive quantifier'],
]
const LARGEST_REPEAT = 1000

/** Why RE2 refuses a pattern, or undefined when it takes it. */
export function re2Problem(pattern: string): string | undefined {
  const text = pattern.replaceAll('\\\\', '')
  for (const [form, name] of LEFT_OUT) if (form.test(text)) return `${name} is not in RE2`
  for (const [, least, most] of text.matchAll(/\{([0-9]+)(?:,([0-9]*))?\}/g))
    if (Math.max(Number(least), Number(most ?? 0)) > LARGEST_REPEAT)
      return `RE2 repeats at most ${LARGEST_REPEAT} times`
  try {
    new RegExp(pattern)
  } catch {
    return 'it is no regular expression'
  }
  return undefined
}
