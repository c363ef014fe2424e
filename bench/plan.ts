/**
 * The memory plan against the measured peak: short runs of SmolLM2 in processes of their own, the plan by `--dry-run`,
 * the peak as the kernel counts it (VmHWM). Linux; build first.
 *
 *     npx jiti bench/plan.ts [--steps 2] [--modes 'full; LoRA'] [--json]
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { temporaryDirectory } from './temporary.js'

const { values } = parseArgs({
  options: { steps: { type: 'string', default: '2' }, modes: { type: 'string' }, json: { type: 'boolean' } },
})
const root = fileURLToPath(new URL('..', import.meta.url))
const cli = join(root, 'bin', 'isentrope.js')
const recipe = join(root, 'recipes', 'arithmetic-smollm2-clip-v.yaml')
// Every token carries gradient and nearly every completion is cut: what the plan has to expect.
const worst = ['algorithm.entropyCoef=1e-6', 'rollout.maxNewTokens=16']
const common = [
  ...worst,
  `train.steps=${values.steps}`,
  'threads=1',
  'rollout.promptsPerStep=4',
  'eval.every=1000',
  'eval.problems=1',
  'checkpoint.every=1000',
]
const lora = ['lora.rank=16', 'rollout.batchSize=32', 'train.tokenBudget=256']
const half = ['dtype=bfloat16']
const checkpointing = ['train.activationCheckpointing=true']
const scratch = temporaryDirectory()
/** Of 420 to 440 tokens: what a completion's attention keeps of its prompt counts. */
const prompts = join(scratch, 'long-prompts.jsonl')
const longPrompts = [`task={name: ${JSON.stringify(prompts)}, evalShare: 0.2}`, 'rollout.samplesPerPrompt=8']
writeFileSync(
  prompts,
  Array.from({ length: 40 }, (_, i) => {
    const story = 'Mary gave her apples to John at the market. '.repeat(38)
    return `${JSON.stringify({ prompt: `${story.slice(0, 1650 + 2 * i)} What is 2 + ${i}?`, answer: String(2 + i) })}\n`
  }).join(''),
)

const modes: Record<string, string[]> = {
  full: [],
  'full, activation checkpointing': checkpointing,
  'full, small micro-batches': ['train.tokenBudget=256'],
  'full, PPO with a critic of its own': ['algorithm.name=ppo', 'critic.trunk=own'],
  'full, PPO with a frozen critic': ['algorithm.name=ppo', 'critic.trunk=frozen'],
  'full, optimizer on the CPU': ['train.optimizerDevice=cpu'],
  'full, KL': ['algorithm.klCoef=0.01'],
  'full, long prompts': longPrompts,
  'bfloat16, long prompts': [...half, ...longPrompts],
  LoRA: lora,
  'LoRA, activation checkpointing': [...lora, ...checkpointing],
  'LoRA, KL': [...lora, 'algorithm.klCoef=0.01'],
  bfloat16: half,
  'bfloat16, activation checkpointing': [...half, ...checkpointing],
  'bfloat16, small micro-batches': [...half, 'train.tokenBudget=256'],
  'bfloat16, LoRA': [...half, ...lora],
  'bfloat16, LoRA, activation checkpointing': [...half, ...lora, ...checkpointing],
}
const chosen = values.modes?.split('; ') ?? Object.keys(modes)

const mib = (bytes: number) => Math.round(bytes / 2 ** 20)

async function peakOf(settings: string[]): Promise<number> {
  const directory = mkdtempSync(join(scratch, 'run-'))
  const child = spawn(process.execPath, [cli, 'train', recipe, ...settings, '--run', join(directory, 'run')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  let peak = 0
  let running = true
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve)).finally(() => {
    running = false
  })
  while (running) {
    await Promise.race([ended, sleep(200)])
    try {
      // The high-water mark only rises, so the last look before the end misses nothing but the shutdown.
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      peak = Math.max(peak, Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024)
    } catch {
      break
    }
  }
  const code = await ended
  // A run's checkpoints are large: they do not wait for the last mode.
  rmSync(directory, { recursive: true, force: true })
  if (code !== 0) throw new Error(`the run ended with ${code}`)
  return peak
}

const lines: object[] = []
for (const mode of chosen) {
  const changes = modes[mode]
  if (!changes) throw new Error(`no mode ${mode}; there are: ${Object.keys(modes).join('; ')}`)
  const settings = [...common, ...changes].flatMap((change) => ['--set', change])
  const dry = execFileSync(process.execPath, [cli, 'train', recipe, ...settings, '--dry-run', '--json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const { total } = JSON.parse(dry).plan.memory
  const peak = await peakOf(settings)
  const line = { mode, planMiB: mib(total), peakMiB: mib(peak), difference: Number((total / peak - 1).toFixed(3)) }
  lines.push(line)
  if (!values.json) {
    console.log(`${mode}: plan ${line.planMiB} MiB, peak ${line.peakMiB} MiB, ${(100 * line.difference).toFixed(1)} %`)
  }
}
if (values.json) console.log(JSON.stringify(lines))
