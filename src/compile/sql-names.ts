// The identifiers that an SQL text mentions, without strings and comments. Enough to tell that a name never occurs; the
// engine's own parser decides everything else.

const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|\$\$[\s\S]*?\$\$|"((?:[^"]|"")*)"|([A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)/g

/** In lower case: identifiers do not tell cases apart. */
export function mentionedNames(sql: string): Set<string> {
  const names = new Set<string>()
  for (const [, quoted, plain] of sql.matchAll(TOKEN)) {
    const name = quoted?.replaceAll('""', '"') ?? plain
    if (name !== undefined) names.add(name.toLowerCase())
  }
  return names
}
