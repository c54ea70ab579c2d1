// For the image only (plain JavaScript: it runs on the builder's Node): removes from node_modules what no program reads, and makes
// the bill of materials say what is there, and the same in every build. Run in the folder that holds both.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const NODE = `node_modules/node-linux-${process.argv[2]}`
/** Types and source maps are for editors, documentation and tests for people. */
const UNREAD = /\.(d\.[cm]?ts|map|md|markdown|tsbuildinfo)$/

for (const path of readdirSync('node_modules', { recursive: true, withFileTypes: true }))
  if (path.isFile() && UNREAD.test(path.name)) rmSync(join(path.parentPath, path.name))
// Headers and manuals of Node, and its own npm.
for (const folder of ['include', 'share', 'lib']) rmSync(join(NODE, folder), { recursive: true, force: true })

// npm lists the packages of all architectures; a serial number and a time would make two builds differ.
const { serialNumber: _serial, ...bill } = JSON.parse(readFileSync('sbom.json', 'utf8'))
delete bill.metadata.timestamp
const folderOf = ({ properties = [] }) => properties.find(({ name }) => name === 'cdx:npm:package:path')?.value ?? ''
bill.components = bill.components.filter((component) => existsSync(folderOf(component)))
const known = new Set([bill.metadata.component, ...bill.components].map((component) => component['bom-ref']))
bill.dependencies = bill.dependencies
  .filter(({ ref }) => known.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => known.has(other)) }))
writeFileSync('sbom.json', `${JSON.stringify(bill, null, 1)}\n`)
