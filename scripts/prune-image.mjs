// For the image only (plain JavaScript: it runs on the builder's Node): removes from node_modules what no program reads, and makes
// the bill of materials the same in every build. Run in the folder that holds both.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const NODE = `node_modules/node-linux-${process.argv[2]}`
/** Types and source maps are for editors, documentation and tests for people. */
const UNREAD = /\.(d\.[cm]?ts|map|md|markdown|tsbuildinfo)$/

for (const path of readdirSync('node_modules', { recursive: true, withFileTypes: true }))
  if (path.isFile() && UNREAD.test(path.name)) rmSync(join(path.parentPath, path.name))
// Headers and manuals of Node, and its own npm.
for (const folder of ['include', 'share', 'lib']) rmSync(join(NODE, folder), { recursive: true, force: true })

// A serial number and a time would make two builds differ.
const { serialNumber: _serial, ...bill } = JSON.parse(readFileSync('sbom.json', 'utf8'))
delete bill.metadata.timestamp
writeFileSync('sbom.json', `${JSON.stringify(bill, null, 1)}\n`)
