/** How a recipe names a device. */
import { z } from 'zod'

export const deviceKey = z.string().regex(/^(cpu|mps|cuda(:\d+)?)$/, 'must be cpu, cuda, cuda:N or mps')
