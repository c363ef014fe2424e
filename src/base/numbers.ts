/** Number types that several sections of the recipe share. */
import { z } from 'zod'

export const count = z.number().int().min(1)
export const optionalCount = z.number().int().min(0)
export const fraction = z.number().min(0).max(1)
/** A part of a whole, of at least something. */
export const share = z.number().gt(0).max(1)
/** A number that may be infinite: `.inf` in YAML, or 'inf' where only text can be written. */
export const bound = z
  .union([z.number().min(0), z.literal([Infinity, 'inf', '.inf'])], {
    error: 'must be a number of at least 0, or .inf',
  })
  .transform((value) => (typeof value === 'string' ? Infinity : value))
