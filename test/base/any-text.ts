// Texts of any characters, and those that are special to JavaScript. fast-check's own ("unit: binary") does the same, and
// takes seconds in every process to build its tables.
import fc from 'fast-check'

const SPECIAL = ['__proto__', 'constructor', 'toString', 'valueOf', 'hasOwnProperty', 'prototype', 'then', 'length']

/** Whole code points: a lone half of a surrogate pair is no text. */
const anyChar = fc
  .oneof(fc.nat(0x7f), fc.nat(0x10ffff))
  .map((code) => String.fromCodePoint(code >= 0xd800 && code <= 0xdfff ? 0xfffd : code))

export const anyText = (maxLength = 10): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 9, arbitrary: fc.array(anyChar, { maxLength }).map((chars) => chars.join('')) },
    { weight: 1, arbitrary: fc.constantFrom(...SPECIAL.filter((text) => text.length <= maxLength), '') },
  )
