// The order of resource versions: those of one kind grow, over all its objects and their deletions (KEP-5504). Of versions
// that are no numbers nothing is known but whether they are the same.

export function isLater(version: string | undefined = '', than: string | undefined = ''): boolean {
  return isNumber(version) && isNumber(than) && BigInt(version) > BigInt(than)
}

/** Whoever knows `version` knows `other` too. */
export const covers = (version: string | undefined, other: string | undefined): boolean =>
  version === other || isLater(version, other)

const isNumber = (text: string): boolean => /^\d+$/.test(text)
