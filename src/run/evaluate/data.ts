/**
 * What an evaluation may be given as data: a public data set by name, a data file, prepared data, a task (its eval
 * split), or a recipe or run (its held-out problems).
 */
import { existsSync, statSync } from 'node:fs'
import { basename, dirname, extname, resolve } from 'node:path'
import { UserError } from '../../base/errors.js'
import { hashProblems } from '../../evaluate/problem-set.js'
import { checkVariables, type TemplateVariables } from '../../model/template/variables.js'
import { loadRecipe } from '../../recipe/index.js'
import { boxedInstruction, derived, sources } from '../../task/data/catalogue.js'
import { isHubName } from '../../task/data/locate.js'
import { dataExtensions } from '../../task/data/rows.js'
import { isPrepared } from '../../task/prepared.js'
import { loadTask } from '../../task/registry.js'
import type { TaskSpec } from '../../task/spec.js'
import { PromptStream } from '../../task/stream.js'
import { withVariables } from '../../task/template.js'
import type { Example, Task } from '../../task/types.js'
import { runPaths } from '../store/run-directory.js'
import { defaultSamples, type EvalSettings, fillSettings } from './settings.js'

export interface EvalData {
  /** Names it in tables; no two of an evaluation are alike. */
  name: string
  /** As given, where that is text. */
  given: string
  task: Task
  problems: Example[]
  samples: number
  settings: EvalSettings
  /** Variables of the model's chat template; absent: none. */
  template?: TemplateVariables
  /** True where the task grades by itself, false where `settings` say how answers are compared. */
  ownGrader: boolean
  hash: string
}

export interface DataOptions {
  /** What was asked for; the rest is the recipe's where the data is one's, else the default. */
  settings: Partial<EvalSettings>
  /** The user message: `plain`, `boxed`, `dapo`, or a text in which {prompt} stands for the problem. Tasks keep theirs. */
  template?: string
  /** Variables of the model's chat template; they win over a recipe's. */
  variables?: TemplateVariables
  system?: string
  /** Put text prompts into the model's chat template. */
  chat: boolean
  samples?: number
  /** Problems of each data set at most, the first ones. */
  problems?: number
  fetch?: typeof fetch
  /** Load the modules that a run given as data names. Default: false. */
  trust?: boolean
}

/** Templates by name. */
export const templates: Record<string, string> = {
  plain: '{prompt}',
  boxed: `{prompt}\n\n${boxedInstruction}`,
  dapo:
    'Solve the following math problem step by step. The last line of your response should be of the form Answer: ' +
    '$Answer (without quotes) where $Answer is the answer to the problem.\n\n{prompt}\n\n' +
    'Remember to put your answer on its own line after "Answer:".',
}

/**
 * Opens each data set.
 * @throws UserError for a name that nothing answers to, an empty set, and what the task or file itself complains of.
 */
export async function openData(given: readonly (string | TaskSpec)[], options: DataOptions): Promise<EvalData[]> {
  if (given.length === 0) throw new UserError('no data to evaluate on', { hint: 'name some by --data' })
  checkVariables(options.variables ?? {})
  if (options.variables !== undefined && !options.chat) {
    throw new UserError('variables of the chat template need it, and the prompts go without', {
      hint: 'leave out --no-chat, or --template KEY=VALUE',
    })
  }
  const sets: EvalData[] = []
  for (const each of given) {
    const opened = await openOne(each, options)
    const taken = sets.filter(({ name }) => name.replace(/ \(\d+\)$/, '') === opened.name).length
    sets.push(taken === 0 ? opened : { ...opened, name: `${opened.name} (${taken + 1})` })
  }
  return sets
}

async function openOne(given: string | TaskSpec, options: DataOptions): Promise<EvalData> {
  const opened = await openProblems(given, options)
  const { name, problems } = opened
  if (problems.length === 0) throw new UserError(`${name}: has no problems`)
  return {
    ...opened,
    samples: options.samples ?? opened.samples ?? defaultSamples(name),
    given: typeof given === 'string' ? given : given.name,
    settings: fillSettings(options.settings, opened.settings),
    ...(opened.problems[0].templateVariables && { template: opened.problems[0].templateVariables }),
    hash: hashProblems(problems),
  }
}

type Opened = Pick<EvalData, 'name' | 'task' | 'problems' | 'ownGrader'> & {
  samples?: number
  settings?: Partial<EvalSettings>
}

async function openProblems(given: string | TaskSpec, options: DataOptions): Promise<Opened> {
  if (typeof given !== 'string') return heldOut(given.name, given, options)
  const [name, file] = /^([\w-]+)=(.+)$/.exec(given)?.slice(1) ?? [given, undefined]
  if (isSource(name!)) return fromSource(name!, localFile(name!, file), options)
  const kind = extname(given).toLowerCase()
  if (kind === '.yaml' || kind === '.yml') return fromRecipe(given, options, isOfRun(given) ? given : undefined)
  if (existsSync(given) && statSync(given).isDirectory()) {
    if (isPrepared(resolve(given))) return fromSource(given, {}, options)
    const { config } = runPaths(given)
    if (existsSync(config)) return fromRecipe(config, options, given)
    throw new UserError(`${given}: neither prepared data nor a run`)
  }
  if (dataExtensions.some((extension) => extension === kind)) return fromFile(given, options)
  if (isHubName(given.replace(/:\w+$/, ''))) return fromHub(given, options)
  return heldOut(given, { name: given }, options)
}

const isSource = (name: string) => Object.hasOwn(sources, name) || Object.hasOwn(derived, name)

/** A public data set or prepared data: problems of mathematics that the verifier grades. */
async function fromSource(name: string, keys: { path?: string }, options: DataOptions): Promise<Opened> {
  const { rule, requireStop } = fillSettings(options.settings)
  const template = templateOf(options.template ?? (rule === 'dapo' ? 'dapo' : undefined))
  const spec = { name, ...keys, grader: rule, requireStop, ...(template === undefined ? {} : { instruction: '' }) }
  const opened = await heldOut(isSource(name) ? name : basename(resolve(name)), spec, options)
  const shape = (example: Example) => ({ ...example, prompt: shaped(example, template, options.chat) })
  return { ...opened, problems: opened.problems.map(shape), ownGrader: false }
}

/** In place of the hub's: all of its problems are evaluated on. */
const localFile = (name: string, file: string | undefined) =>
  file === undefined ? {} : { path: resolve(file), ...(name === 'gsm8k' ? { evalPath: resolve(file) } : {}) }

/** The problem put into the template, and out of its chat where none is wanted; a longer chat stays as it is. */
function shaped({ prompt }: Example, template: string | undefined, chat: boolean): Example['prompt'] {
  const fill = (text: string) => template?.replaceAll('{prompt}', () => text) ?? text
  if (typeof prompt === 'string') return fill(prompt)
  const [user, ...others] = prompt.filter(({ role }) => role !== 'system')
  if (user === undefined || others.length > 0) return prompt
  if (!chat && prompt.length === 1) return fill(user.content)
  return prompt.map((message) => (message === user ? { ...message, content: fill(message.content) } : message))
}

/** @throws UserError for a text without a place for the problem. */
function templateOf(given: string | undefined): string | undefined {
  const text = given === undefined ? undefined : (templates[given] ?? given)
  if (text === undefined || text.includes('{prompt}')) return text
  throw new UserError(`the template has no {prompt}: ${text}`, {
    hint: `give a text with {prompt}, or one of ${Object.keys(templates).join(', ')}`,
  })
}

/** The eval split, in the order in which training evaluates it. */
async function heldOut(
  name: string,
  spec: TaskSpec,
  { problems = Infinity, system, fetch, variables }: DataOptions,
  untrusted?: string,
): Promise<Opened> {
  const keys = withVariables(system === undefined ? spec : { ...spec, system }, variables)
  const task = await loadTask(keys, { fetch, untrusted })
  if (problems === Infinity && !Array.isArray(task.prompts(() => 0.5, 'eval'))) {
    throw new UserError(`task ${name}: may have no end`, { hint: 'say by --problems how many of its problems to take' })
  }
  return { name, task, problems: await new PromptStream(task, 'eval', 0).upTo(problems), ownGrader: true }
}

/** Whether a recipe is the config.yaml of a run, which may be somebody else's. */
function isOfRun(path: string): boolean {
  const { config, environment, checkpoints } = runPaths(dirname(resolve(path)))
  return resolve(path) === config && (existsSync(environment) || existsSync(checkpoints))
}

/** The problems that a recipe evaluates on while it trains, as it evaluates them. `run`: given as data, whose recipe it is. */
async function fromRecipe(path: string, options: DataOptions, run: string | undefined): Promise<Opened> {
  const recipe = loadRecipe(path)
  const { rollout, eval: evaluation } = recipe
  const spec = evaluation?.task ?? recipe.task
  const problems = options.problems ?? evaluation?.problems
  const settings = {
    maxNewTokens: rollout.maxNewTokens,
    temperature: evaluation?.temperature ?? rollout.temperature,
    stopStrings: rollout.stopStrings,
    ...(evaluation && { seed: evaluation.seed }),
  }
  const opened = await heldOut(basename(spec.name), spec, { ...options, problems }, options.trust ? undefined : run)
  return { ...opened, settings, ...(evaluation && { samples: evaluation.samples }) }
}

/** A hub data set that has no name of its own, `owner/name` or `owner/name:split`; the split is `test` by default. */
async function fromHub(given: string, options: DataOptions): Promise<Opened> {
  const [name, split = 'test'] = given.split(':') as [string, string?]
  const opened = await heldOut(name, { name, split, evalSplit: split, ...rowKeys(options) }, options)
  return { ...opened, ownGrader: false }
}

/** How rows become problems and answers are compared, as the task `jsonl` takes it. */
function rowKeys({ settings, template = 'plain', chat }: DataOptions) {
  const { rule, requireStop } = fillSettings(settings)
  return { template: templateOf(template), chat, grader: rule, requireStop }
}

/** All rows of a file, in its order. */
async function fromFile(path: string, options: DataOptions): Promise<Opened> {
  const { system, problems, fetch, variables } = options
  const keys = { name: 'jsonl', path: resolve(path), ...rowKeys(options), ...(system === undefined ? {} : { system }) }
  const task = await loadTask(withVariables(keys, variables), { fetch })
  const all = [...(task.prompts(() => 0.5, 'train') as Iterable<Example>)]
  return { name: basename(path, extname(path)), task, problems: all.slice(0, problems), ownGrader: false }
}
