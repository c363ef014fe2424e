/**
 * Send every step's numbers wherever you keep them: a file, a database, a chat. `onStep` sees the metrics and the graded
 * completions of a step that is on disk already; what it throws stops the run, so catch what may fail.
 *
 *   node examples/tracker.ts [STEPS] [RUN] [CSV]      Node 22.18 or newer; before: npx jiti examples/tracker.ts
 */
import { appendFileSync, writeFileSync } from 'node:fs'
import { train } from 'isentrope'

const [steps = '10', runDirectory, csv = 'metrics.csv'] = process.argv.slice(2)
const columns = ['step', 'reward_mean', 'entropy_nats', 'cov_A_Sc', 'grad_norm'] as const

writeFileSync(csv, `${columns.join(',')},best_completion\n`)
await train(
  {
    model: 'quickstart/policy',
    threads: 1,
    task: { name: 'countdown', style: 'compact', operations: ['+', '-'], targetMin: 1, targetMax: 20 },
    rollout: { promptsPerStep: 16, samplesPerPrompt: 16, maxNewTokens: 24, batchSize: 256 },
    train: { steps: Number(steps), lr: 5e-4 },
  },
  {
    runDirectory,
    onStep(metrics, rollouts) {
      const best = rollouts.reduce((a, b) => (b.reward > a.reward ? b : a))
      const row = [...columns.map((column) => metrics[column]), JSON.stringify(best.completionText)]
      appendFileSync(csv, `${row.join(',')}\n`)
      console.log(`step ${metrics.step}: ${best.promptText}${best.completionText}`)
    },
  },
)
