import os from 'node:os'
import { expect, it } from 'vitest'
import { fakeModelShape } from '../../../test/fake-run.js'
import { decodingWork } from './layer-work.js'
import { samplingEngine } from './sampling-engine.js'

const work = { models: [{ reference: 'm' }], rows: 8, maxNewTokens: 100 }
const never = () => Promise.reject(new Error('nothing is to be measured'))
const threads = os.availableParallelism()

it('is the one asked for, float32 on all cores of the processor where nothing is', async () => {
  expect(await samplingEngine({}, work, never)).toEqual({ device: 'cpu', dtype: 'float32', threads })
  const asked = { device: 'cuda:1', dtype: 'float16', threads: 3 } as const
  expect(await samplingEngine(asked, work, never)).toEqual(asked)
})

it('takes bfloat16 for auto where decoding is clearly faster in it, and says what was measured', async () => {
  const measured = (float32: number, bfloat16: number) =>
    samplingEngine({ dtype: 'auto', threads: 1 }, work, async (given, device, count) => {
      expect([given, device, count]).toEqual([work, 'cpu', 1])
      return { float32, bfloat16 }
    })
  expect(await measured(2, 1)).toEqual({
    device: 'cpu',
    dtype: 'bfloat16',
    threads: 1,
    dtypeChoice: { by: 'measurement', secondsPerToken: { float32: 2, bfloat16: 1 } },
  })
  expect((await measured(1.05, 1)).dtype).toBe('float32')
})

it('keeps the type of what goes on', async () => {
  const engine = await samplingEngine({ dtype: 'auto' }, { ...work, begun: 'bfloat16' }, never)
  expect(engine).toEqual({ device: 'cpu', dtype: 'bfloat16', threads, dtypeChoice: { by: 'run' } })
  expect((await samplingEngine({ dtype: 'float32' }, { ...work, begun: 'bfloat16' }, never)).dtype).toBe('float32')
})

it('is measured by decoding alone, on packed weights where sampling packs them', () => {
  const { config } = fakeModelShape
  const of = (parameters: number, adapter?: string) => decodingWork('cpu', work, { parameters, config, adapter })
  expect(of(1e3)).toMatchObject({ device: 'cpu', layers: config.layers, decoding: { rows: 8, packed: false } })
  expect(of(1e3).training).toBeUndefined()
  // 10^8 float32 weights are beyond the 64 MiB from which on decoding packs them; below an adapter it does not.
  expect([of(1e8), of(1e8, 'a')].map(({ decoding }) => decoding?.packed)).toEqual([true, false])
})
