/**
 * Train on a task in code: its own prompts, its own grader. The bundled policy reads "2,3,5,7=10:" and writes an
 * expression; any expression that uses plus signs alone counts. Takes about a minute.
 *
 *   node examples/custom-task.ts [STEPS] [RUN]      Node 22.18 or newer; before: npx jiti examples/custom-task.ts
 */
import { defineTask, train } from 'isentrope'

const [steps = '20', runDirectory] = process.argv.slice(2)

const onlyPlus = defineTask({
  name: 'only-plus',
  // One pass over the problems. `rng()` repeats with the run's seed: use no other randomness.
  *prompts(rng, split) {
    for (let i = 0; i < 200; i++) {
      const numbers = Array.from({ length: 4 }, () => 1 + Math.floor(rng() * 9))
      const id = `${numbers.join(',')}=${numbers[0]! + numbers[1]!}`
      const heldOut = numbers.reduce((a, b) => a + b) % 5 === 0
      if (heldOut === (split === 'eval')) yield { id, prompt: `${id}:` }
    }
  },
  // `reward` is trained on; `correct` decides Avg@K and Pass@K.
  grade(completion, _example, { finish }) {
    const correct = finish === 'stop' && /^\d(\+\d)+$/.test(completion)
    const plus = completion.split('+').length - 1
    const other = completion.split(/[-*]/).length - 1
    return { reward: correct ? 1 : plus / Math.max(1, plus + other) / 2, correct }
  },
})

await train(
  {
    model: 'quickstart/policy',
    threads: 1,
    task: onlyPlus,
    rollout: { promptsPerStep: 16, samplesPerPrompt: 8, maxNewTokens: 16, batchSize: 128 },
    entropy: { method: 'clip-b', muLow: 2, muHigh: 2 },
    train: { steps: Number(steps), lr: 5e-4 },
    eval: { every: 10, samples: 8, problems: 32 },
  },
  {
    runDirectory,
    onStep: ({ step, reward_mean }) => console.log(`step ${step}  reward ${reward_mean.toFixed(3)}`),
    onEval: ({ step, avg_at_k, pass_at_k }) =>
      console.log(`step ${step}  held out: Avg@8 ${avg_at_k}, Pass@8 ${pass_at_k}`),
  },
)
