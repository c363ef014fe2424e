/** The recipe's `ledger` section: how often a step's effect on entropy is measured. */
import { z } from 'zod'
import { count } from '../base/numbers.js'

export const ledgerSection = z.strictObject({
  every: count
    .default(25)
    .describe('Steps between measurements. Each costs about two and a half additional training passes over its batch.'),
})

export type LedgerSection = z.output<typeof ledgerSection>
