import { describe, expect, it } from 'vitest'
import { UserError } from '../../base/errors.js'
import { readLogLine } from './read-log.js'
import type { LoggedCompletion } from './types.js'

const read = (value: unknown) => readLogLine(value, 'log:1') as LoggedCompletion[]

describe('chat completions', () => {
  const content = [
    {
      token: 'Hi',
      logprob: -0.5,
      bytes: [72, 105],
      top_logprobs: [
        { token: 'Hi', logprob: -0.5, bytes: [72, 105] },
        { token: 'Yo', logprob: -1.5, bytes: [89, 111] },
      ],
    },
    { token: '!', logprob: -4, bytes: [33], top_logprobs: [{ token: '.', logprob: -0.1, bytes: [46] }] },
  ]
  const response = (...rewards: number[]) => ({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    model: 'm',
    choices: rewards.map((reward, index) => ({
      index,
      message: { role: 'assistant', content: 'Hi!' },
      finish_reason: 'stop',
      logprobs: { content },
      reward,
    })),
  })

  it('are read, each choice a completion of one group', () => {
    const [first, second] = read(response(0, 1))
    expect(first.tokens).toEqual([
      { text: 'Hi', logprob: -0.5, topLogprobs: [-0.5, -1.5], sampledInTop: true, sampledMayBeExtra: true },
      { text: '!', logprob: -4, topLogprobs: [-0.1], sampledInTop: false, sampledMayBeExtra: true },
    ])
    expect([first.reward, second.reward]).toEqual([0, 1])
    expect(first.group).toBe(second.group)
    expect(second.where).toBe('log:1 choices[1]')
  })

  it('are found inside a batch file, with what stands beside them', () => {
    const line = {
      custom_id: 'a',
      response: { status_code: 200, body: response(1) },
      group: 7,
      vocab_size: 9,
      temperature: 2,
    }
    const [only] = read(line)
    expect(only).toMatchObject({ group: '7', vocabSize: 9, temperature: 2, reward: 1 })
  })

  it('take rewards from a list beside them, or from the line where there is one choice', () => {
    const { choices } = response(0, 0)
    const bare = choices.map(({ reward: _, ...choice }) => choice)
    expect(read({ choices: bare, rewards: [3, 4] }).map(({ reward }) => reward)).toEqual([3, 4])
    expect(read({ choices: bare.slice(0, 1), reward: 5 })[0].reward).toBe(5)
    expect(read({ choices: bare.slice(0, 1), advantage: [1, 2] })[0].advantage).toEqual([1, 2])
    expect(() => read({ choices: bare, reward: 5 })).toThrow('log:1: one reward for 2 completions')
    expect(() => read({ choices: bare, rewards: [5] })).toThrow('log:1: 1 rewards for 2 completions')
  })

  it('turn -9999.0 into an impossible token of the list, and into nothing known of the sampled one', () => {
    const [a, b, none] = [-0.1, -2.4, -9999.0].map((logprob, i) => ({ token: 'abc'[i], logprob }))
    const content = [
      { ...a, top_logprobs: [a, none] },
      { ...none, top_logprobs: [none, a, b] },
      { ...none, top_logprobs: [a, b] },
      { ...none, top_logprobs: [] },
    ]
    const [{ tokens }] = read({ choices: [{ logprobs: { content } }] })
    expect(tokens.map(({ logprob, topLogprobs, sampledInTop }) => [logprob, topLogprobs, sampledInTop])).toEqual([
      [-0.1, [-0.1, Number.NEGATIVE_INFINITY], true],
      [undefined, [-0.1, -2.4], false],
      [undefined, [-0.1, -2.4], false],
      [undefined, [], false],
    ])
  })

  it('without log-probabilities say how to get them', () => {
    const call = () => read({ choices: [{ index: 0, message: {}, logprobs: null }] })
    expect(call).toThrow('log:1 choices[0]: no log-probabilities')
    expect(call).toThrow(UserError)
  })
})

describe('completions', () => {
  const logprobs = (tops: unknown[]) => ({
    tokens: ['A', 'b', 'c', 'd'],
    token_logprobs: [null, -0.2, -3, -1],
    top_logprobs: tops,
    text_offset: [0, 1, 2, 3],
  })

  it('are read, an echoed first token left out', () => {
    const tops = [null, { b: -0.2, x: -2 }, { c: -3, x: -0.5, y: -1.5 }, { z: -0.5, d: -1 }]
    const [{ tokens }] = read({ choices: [{ logprobs: logprobs(tops) }] })
    expect(tokens.map(({ text }) => text)).toEqual(['b', 'c', 'd'])
    // the sampled c is an extra behind two likelier ones
    expect(tokens[1]).toEqual({
      text: 'c',
      logprob: -3,
      topLogprobs: [-3, -0.5, -1.5],
      sampledInTop: true,
      sampledMayBeExtra: true,
    })
    expect(tokens.some(({ lostEntries }) => lostEntries)).toBe(false)
  })

  it('lists that lost an entry to a shared text are known by their length', () => {
    const tops = [null, { b: -0.2, x: -2, y: -3 }, { x: -0.5, c: -3 }, { z: -0.5, y: -3, d: -1 }]
    const [{ tokens }] = read({ choices: [{ logprobs: logprobs(tops) }] })
    expect(tokens.map(({ lostEntries }) => lostEntries)).toEqual([undefined, true, undefined])
  })

  it('another token of the sampled text is not the sampled one', () => {
    const tops = [null, { b: -1.7, x: -2 }, { c: -3, x: -0.5, y: -1.5 }, { z: -0.5, d: -1 }]
    expect(read({ choices: [{ logprobs: logprobs(tops) }] })[0].tokens[0].sampledInTop).toBe(false)
  })

  it('refuse lists of different lengths', () => {
    expect(() => read({ choices: [{ logprobs: { tokens: ['a'], token_logprobs: [] } }] })).toThrow(
      'log:1 choices[0].logprobs: 1 tokens, 0 token_logprobs',
    )
  })
})

describe("vLLM's RequestOutput", () => {
  const output = {
    index: 0,
    text: ' yes',
    token_ids: [5, 9],
    cumulative_logprob: -7,
    logprobs: [
      { 5: { logprob: -1, rank: 2, decoded_token: ' y' }, 4: { logprob: -0.6, rank: 1, decoded_token: 'n' } },
      { 9: { logprob: -6, rank: 40, decoded_token: 'es' }, 4: { logprob: -0.1, rank: 1, decoded_token: 'n' } },
    ],
  }

  it('is read, a rank telling whether the sampled token is an extra', () => {
    const [{ tokens, group, sampling }] = read({
      request_id: '0',
      prompt: 'Well?',
      prompt_token_ids: [1],
      prompt_logprobs: null,
      outputs: [output],
      sampling_params: { temperature: 0.7, top_p: 0.9, top_k: -1, min_p: 0 },
    })
    expect(tokens).toEqual([
      { text: ' y', largestId: 5, logprob: -1, topLogprobs: [-0.6, -1], sampledInTop: true, sampledMayBeExtra: false },
      { text: 'es', largestId: 9, logprob: -6, topLogprobs: [-0.1, -6], sampledInTop: true, sampledMayBeExtra: true },
    ])
    expect(group).toBe('Well?')
    expect(sampling).toEqual({ temperature: 0.7, truncation: ['top_p 0.9'] })
  })

  it('may be one of its outputs alone, and several of one tokenised prompt are a group', () => {
    expect(read({ ...output, reward: 2 })[0]).toMatchObject({ reward: 2, tokens: [{ text: ' y' }, { text: 'es' }] })
    const groups = [{ index: 0 }, { index: 1 }].map(
      ({ index }) => read({ prompt: null, prompt_token_ids: [1, 2], outputs: [{ ...output, index }] })[0].group,
    )
    expect(groups).toEqual(['[1,2]', '[1,2]'])
  })

  it('of a scored prompt is that of the prompt, but for its first token', () => {
    const scored = {
      prompt_token_ids: [7, 5],
      prompt_logprobs: [null, { 5: { logprob: -3, rank: 30, decoded_token: ' y' }, 4: { logprob: -0.6, rank: 1 } }],
    }
    const token = {
      text: ' y',
      largestId: 5,
      logprob: -3,
      topLogprobs: [-0.6, -3],
      sampledInTop: true,
      sampledMayBeExtra: true,
      ofPrompt: true,
    }
    expect(read({ ...scored, outputs: [{ token_ids: [1], logprobs: null }] })[0].tokens).toEqual([token])
    expect(read({ ...scored, choices: [{ message: {}, logprobs: null }] })[0].tokens).toEqual([token])
    expect(read({ choices: [{ text: '', logprobs: null, ...scored }] })[0].tokens).toEqual([token])
    // What the policy sampled comes first.
    expect(read({ ...scored, outputs: [output] })[0].tokens).toHaveLength(2)
    const { prompt_logprobs } = scored
    expect(() => read({ choices: [{ prompt_logprobs }] })).toThrow(
      'choices[0]: prompt_logprobs without prompt_token_ids',
    )
  })

  it('may hold bare numbers', () => {
    const [{ tokens }] = read({ outputs: [{ token_ids: [3], logprobs: [{ 3: -0.5 }] }] })
    expect(tokens[0]).toMatchObject({ text: '3', logprob: -0.5, sampledMayBeExtra: true })
  })

  it('refuses a position without its sampled token, and other lengths', () => {
    const without = { token_ids: [3], logprobs: [{ 4: { logprob: -1 } }] }
    expect(() => read({ outputs: [without] })).toThrow('log:1 outputs[0].logprobs[0]: the sampled token 3 is not in it')
    expect(() => read({ outputs: [{ ...output, token_ids: [5] }] })).toThrow('1 token_ids, but 2 logprobs')
    expect(() => read({ outputs: [{ token_ids: [3], logprobs: null }] })).toThrow('no log-probabilities')
  })
})

describe('the plain shape', () => {
  it.each<[string, unknown, number]>([
    ['numbers', [[-0.5, -1.2]], 7],
    [
      'objects',
      [
        [
          { token: 7, logprob: -0.5 },
          { id: 8, logprob: -1.2 },
        ],
      ],
      8,
    ],
    ['an object by token', [{ 7: -0.5, 8: -1.2 }], 8],
  ])('lists %s', (_, top_logprobs, largestId) => {
    const line = { tokens: [7], logprobs: [-0.5], top_logprobs, reward: 1, group: 'g' }
    expect(read(line)).toEqual([
      {
        where: 'log:1',
        group: 'g',
        vocabSize: undefined,
        temperature: undefined,
        sampling: { temperature: undefined, truncation: [] },
        reward: 1,
        advantage: undefined,
        tokens: [
          {
            text: '7',
            largestId,
            logprob: -0.5,
            topLogprobs: [-0.5, -1.2],
            sampledInTop: true,
            sampledMayBeExtra: true,
          },
        ],
      },
    ])
  })

  it('knows a sampled token outside the list', () => {
    const line = { tokens: ['q'], logprobs: [-3], top_logprobs: [[{ token: 'a', logprob: -0.1 }]] }
    expect(read(line)[0].tokens[0]).toMatchObject({ sampledInTop: false, topLogprobs: [-0.1] })
  })

  it('may have no lists, and tokens that nothing predicts', () => {
    const [{ tokens }] = read({ tokens: [1, 2], logprobs: [null, -0.3] })
    expect(tokens).toEqual([
      { text: '2', largestId: 2, logprob: -0.3, topLogprobs: [], sampledInTop: false, sampledMayBeExtra: true },
    ])
  })

  it('without tokens is a header', () => {
    expect(readLogLine({ vocab_size: 100, temperature: 0.5 }, 'log:1')).toEqual({ vocabSize: 100, temperature: 0.5 })
  })

  it.each<[unknown, string]>([
    [{ tokens: [1] }, 'log:1: tokens without logprobs'],
    [{ tokens: 'abc', logprobs: [] }, 'log:1 tokens: must be a list (got "abc")'],
    [{ tokens: [1, 2], logprobs: [-1] }, 'log:1: 2 tokens, 1 logprobs and 0 top_logprobs'],
    [{ tokens: [1], logprobs: ['x'] }, 'log:1 logprobs[0]: must be a number (got "x")'],
    [{ tokens: [[]], logprobs: [-1] }, "log:1 tokens[0]: must be a token's text or id"],
    [{ tokens: [1], logprobs: [-1], top_logprobs: [['x']] }, 'log:1 top_logprobs[0][0]: must be a number'],
    [{ tokens: [1], logprobs: [-1], reward: 'good' }, 'log:1 reward: must be a number (got "good")'],
    [{ hello: 1 }, 'log:1: no log of sampled tokens in it'],
    [[1], 'log:1: no log of sampled tokens in it'],
    [null, 'log:1: no log of sampled tokens in it'],
  ])('refuses %j', (line, message) => {
    expect(() => read(line)).toThrow(UserError)
    expect(() => read(line)).toThrow(message)
  })
})
