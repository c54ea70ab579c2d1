// Loaded before every test. In CI the same commit gets the same verdict, so that a rare counterexample can't turn down a change that
// has nothing to do with it; elsewhere every run draws anew, and says the seed of what fails. PROPERTY_SEED=n repeats one.
import { configureGlobal } from 'fast-check'

const given = process.env['PROPERTY_SEED'] ?? (process.env['CI'] === undefined ? undefined : '20261124')
if (given !== undefined) configureGlobal({ seed: Number(given) })
