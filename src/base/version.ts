// The version of this package, as package.json says it (compared by a test).
export const VERSION = '0.1.0'
