// Where things lie, by what a storage says.
import assert from 'node:assert/strict'
import { posix } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { locationOf, tempRootOf } from '../../src/compile/index.ts'
import { absolutePath, knownPlace, tidyPath } from '../../src/compile/known-place.ts'
import { FACTS } from './flow.ts'

const tableAt = (uri: string): string => locationOf('raw.orders', { defaults: { tablePath: { uri } } }, FACTS).uri

const codeOf = (uri: string): string => {
  const place = knownPlace(uri)
  return 'code' in place ? place.code : place.path
}

describe('places', () => {
  it('lie below .loom of the working folder when no storage says otherwise', () => {
    assert.equal(locationOf('raw.orders', {}, FACTS).uri, '/srv/etl/.loom/lake/raw/orders')
    assert.equal(tempRootOf({}, FACTS), '/srv/etl/.loom/temp')
  })

  it('start from the working folder when they are relative', () => {
    const rows: [uri: string, place: string][] = [
      ['lake', '/srv/etl/lake/raw/orders'],
      ['./lake//x/', '/srv/etl/lake/x/raw/orders'],
      ['../lake', '/srv/lake/raw/orders'],
      ['/lake/', '/lake/raw/orders'],
      ['/', '/raw/orders'],
      ['../../../../lake', '/lake/raw/orders'],
    ]
    for (const [uri, place] of rows) assert.equal(tableAt(uri), place, uri)
  })

  it('may be file:// URIs of this machine', () => {
    const rows: [uri: string, place: string][] = [
      ['file:///lake', '/lake/raw/orders'],
      ['FILE://localhost/lake/', '/lake/raw/orders'],
      ['file:///my%20lake/50%25', '/my lake/50%/raw/orders'],
    ]
    for (const [uri, place] of rows) assert.equal(tableAt(uri), place, uri)
    for (const uri of ['file://nas/lake', 'file://lake', 'file:///%', 'file:///a%00b', 'a\0b'])
      assert.equal(codeOf(uri), 'InvalidPlace', uri)
    for (const uri of ['gs://lake', 'abfss://x@y/z', 'https://x']) assert.equal(codeOf(uri), 'UnsupportedScheme', uri)
  })

  it('may be s3:// URIs, whose keys are taken as they are', () => {
    const rows: [uri: string, place: string][] = [
      ['s3://lake', 's3://lake/raw/orders'],
      ['S3://lake/', 's3://lake/raw/orders'],
      ['s3://my.lake-1/a%20b//c?d=e/', 's3://my.lake-1/a%20b/c?d=e/raw/orders'],
    ]
    for (const [uri, place] of rows) assert.equal(tableAt(uri), place, uri)
    for (const uri of [
      's3://',
      's3:///x',
      's3://b/x',
      's3://La_ke/x',
      's3://lake/../x',
      's3://lake/./x',
      's3://lake/a\0b',
    ])
      assert.equal(codeOf(uri), 'InvalidPlace', uri)
    assert.equal(absolutePath('../../x', 's3://lake/a'), 's3://lake/x')
    assert.equal(absolutePath('/x', 's3://lake/a'), '/x')
  })

  const anyPath = fc
    .array(fc.constantFrom('a', 'b c', '.', '..', '', '*', '...'), { maxLength: 7 })
    .map((segments) => segments.join('/'))

  it('are tidied as Node would, and stay so', () => {
    fc.assert(
      fc.property(anyPath, (path) => {
        assert.equal(absolutePath(path, '/base/folder'), posix.resolve('/base/folder', path))
        assert.equal(tidyPath(tidyPath(path)), tidyPath(path))
        assert.equal(posix.resolve('/x/y/z', tidyPath(path)), posix.resolve('/x/y/z', path))
      }),
      { numRuns: 500 },
    )
  })

  it('of a table are its own when the storage lists it', () => {
    const storage = {
      defaults: { tablePath: { uri: '/lake', targetFileSize: '1Ki', properties: { a: '1', b: '1' } } },
      tables: [{ name: 'raw.orders', path: { uri: 'orders', properties: { b: '2' } } }],
    }
    assert.deepEqual(locationOf('raw.orders', storage, FACTS), {
      uri: '/srv/etl/orders',
      targetFileSize: 1024,
      properties: { a: '1', b: '2' },
    })
    assert.equal(locationOf('raw.orders.items', storage, FACTS).uri, '/lake/raw/orders/items')
  })
})
