import { beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine } from '../../test/engine.js'
import { flashOperator } from './flash.js'
import {
  cpu,
  empty,
  flashAttention,
  fromData,
  liveTensors,
  requireGrad,
  scope,
  TorchError,
  withGrad,
  zeros,
} from './index.js'

beforeAll(startTestEngine)

/** native_functions.yaml of PyTorch 2.15; that of 2.11 is the same up to block_table. */
const schema =
  'Tensor query, Tensor key, Tensor value, Tensor? cum_seq_q, Tensor? cum_seq_k, SymInt max_q, SymInt max_k, ' +
  'float dropout_p, bool is_causal, bool return_debug_mask, *, float? scale=None, SymInt? window_size_left=None, ' +
  'SymInt? window_size_right=None, Tensor? seqused_k=None, Tensor? alibi_slopes=None, Tensor? block_table=None, ' +
  'int? num_splits=None'
const results = 'Tensor output, Tensor softmax_logsumexp, Tensor rng_state, Tensor unused, Tensor debug_attn_mask'

const kindOf: Record<string, string> = {
  Tensor: 'T',
  'Tensor?': 'T?',
  SymInt: 'i',
  float: 'f',
  bool: 'b',
  'float?': 'f?',
}

describe('flash attention', () => {
  it('is declared as PyTorch declares it', () => {
    const types = schema
      .split(', ')
      .filter((argument) => argument !== '*')
      .map((argument) => argument.split(' '))
    expect(flashOperator.kinds).toEqual(
      types.map(([type, name]) => (name.endsWith('=None') && name !== 'scale=None' ? 'none' : kindOf[type])),
    )
    expect(flashOperator.results).toHaveLength(results.split(', ').length)
  })

  // What a CPU can show of a call that only CUDA has a kernel for: all arguments arrive, and nothing leaks.
  it.each([false, true])('reaches the dispatcher on a device that has no kernel for it, recorded: %s', (recorded) => {
    const before = liveTensors()
    scope(() => {
      const rows = (n: number, heads: number) => {
        const x = zeros([n, heads, 8], { dtype: 'bfloat16' })
        return recorded ? requireGrad(x) : x
      }
      const starts = (...values: number[]) => ({
        starts: fromData(Int32Array.from(values), [values.length], { dtype: 'int32' }),
        longest: 3,
      })
      const call = () =>
        flashAttention(rows(5, 4), rows(6, 2), rows(6, 2), {
          queries: starts(0, 2, 5),
          keys: starts(0, 3, 6),
          scale: 0.5,
        })
      expect(() => withGrad(call)).toThrow(TorchError)
      expect(() => withGrad(call)).toThrow(
        // LibTorch before 2.13 has no function for the reason.
        /Could not run 'aten::_flash_attention_forward' with arguments from the 'CPU' backend|before 2\.13/,
      )
      expect(empty([1]).device).toEqual(cpu)
    })
    expect(liveTensors()).toBe(before)
  })
})
