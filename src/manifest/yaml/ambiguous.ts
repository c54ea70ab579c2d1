// kubectl reads YAML 1.1, we read 1.2: unquoted texts that the two take for different things. Dates are not among them:
// both sides hand them on as text.

const BOOLEAN = /^(?:(y|Y|yes|Yes|YES|on|On|ON)|n|N|no|No|NO|off|Off|OFF)$/
const OCTAL = /^[-+]?0[0-7_]+$/
const MODERN_OCTAL = /^0o[0-7]+$/
const BINARY = /^[-+]?0b[01_]+$/
const SEXAGESIMAL = /^[-+]?(?:[1-9][0-9_]*(?::[0-5]?[0-9])+|[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)$/
const UNDERSCORES = /^[-+]?(?:0x[0-9a-fA-F_]+|[0-9][0-9_]*(?:\.[0-9_]*)?)$/

/** What kubectl may take an unquoted scalar for, when that is not what it is here; undefined when both agree. */
export function otherReading(source: string): string | undefined {
  const boolean = BOOLEAN.exec(source)
  if (boolean !== null) return boolean[1] === undefined ? 'the boolean false' : 'the boolean true'
  if (OCTAL.test(source)) return 'an octal number'
  if (MODERN_OCTAL.test(source)) return 'a text'
  if (BINARY.test(source)) return 'a binary number'
  if (SEXAGESIMAL.test(source)) return 'a number to the base 60'
  if (source.includes('_') && UNDERSCORES.test(source)) return 'a number'
  return undefined
}
