// The model behaves as a real API server was seen to (test/cluster/model.test.ts compares the two). UPDATE_GOLDEN=1 rewrites.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { accountOf } from './model/script.ts'
import { modelStage } from './model/stage.ts'

const ACCOUNT = join(import.meta.dirname, 'model', 'account.txt')

it('the model gives the account of the common script that a real API server gave', async () => {
  const account = `${(await accountOf(modelStage())).join('\n')}\n`
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(ACCOUNT, account)
  assert.equal(account, readFileSync(ACCOUNT, 'utf8'))
})
