/**
 * Train with a reward in code: no recipe file, no module to load. The bundled policy plays Countdown; brief answers
 * are worth more. Takes about a minute.
 *
 *   node examples/custom-reward.ts [STEPS] [RUN]      Node 22.18 or newer; before: npx jiti examples/custom-reward.ts
 */
import { defineReward, train } from 'isentrope'

const [steps = '20', runDirectory] = process.argv.slice(2)

const brief = defineReward({
  name: 'brief',
  weight: 0.5,
  reward: (completion, _example, { finish }) =>
    finish === 'stop' ? 1 / Math.max(1, completion.split(/[+-]/).length - 1) : 0,
})

const summary = await train(
  {
    model: 'quickstart/policy',
    threads: 1,
    task: { name: 'countdown', style: 'compact', operations: ['+', '-'], targetMin: 1, targetMax: 20 },
    rewards: [{ name: 'task' }, brief],
    rollout: { promptsPerStep: 16, samplesPerPrompt: 16, maxNewTokens: 24, batchSize: 256 },
    entropy: { method: 'clip-v', target: 0.5 },
    train: { steps: Number(steps), lr: 5e-4 },
  },
  {
    runDirectory,
    onStep: ({ step, reward_mean, entropy_nats }) =>
      console.log(`step ${step}  reward ${reward_mean.toFixed(3)}  entropy ${entropy_nats.toFixed(3)} nats`),
  },
)
console.log(`the run is in ${summary.run}`)
