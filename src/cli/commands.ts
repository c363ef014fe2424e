/**
 * Every command, in the order of the help: what it is for, and the file that makes it, which loads when the command is called.
 * So `--help` and `--version` load no command, and a command's file imports what it works with as any other file does.
 */
import type { Command } from 'commander'
import type { Io } from './io.js'

export interface CommandEntry {
  summary: string
  load(): Promise<(io: Io) => Command>
}

export const commands = {
  train: {
    summary: 'train a model from a recipe, or resume a run',
    load: async () => (await import('./train.js')).trainCommand,
  },
  sft: {
    summary: 'train a model on examples (supervised), or resume such a run',
    load: async () => (await import('./sft.js')).sftCommand,
  },
  quickstart: {
    summary: 'train a small model with GRPO, Clip_B, and Clip_V and compare them',
    load: async () => (await import('./quickstart.js')).quickstartCommand,
  },
  init: {
    summary: 'start a project with a recipe and your own reward',
    load: async () => (await import('./init.js')).initCommand,
  },
  generate: {
    summary: 'sample completions, or chat with a model',
    load: async () => (await import('./generate.js')).generateCommand,
  },
  score: {
    summary: 'compute log-probabilities, entropy, and scores of given tokens',
    load: async () => (await import('./score.js')).scoreCommand,
  },
  grade: {
    summary: 'check final answers against references',
    load: async () => (await import('./grade.js')).gradeCommand,
  },
  data: {
    summary: 'list and prepare data sets',
    load: async () => (await import('./data.js')).dataCommand,
  },
  filter: {
    summary: 'keep the problems that a model solves some of the time',
    load: async () => (await import('./filter.js')).filterCommand,
  },
  merge: {
    summary: 'merge a LoRA adapter into its base model',
    load: async () => (await import('./merge.js')).mergeCommand,
  },
  eval: {
    summary: 'measure Avg@K, Pass@K, and maj@K of models',
    load: async () => (await import('./eval.js')).evalCommand,
  },
  compare: {
    summary: 'compare runs and evaluations',
    load: async () => (await import('./compare.js')).compareCommand,
  },
  watch: {
    summary: 'serve live pages about runs, completions, and tokens',
    load: async () => (await import('./watch.js')).watchCommand,
  },
  report: {
    summary: 'write an HTML report of a run',
    load: async () => (await import('./report.js')).reportCommand,
  },
  rollouts: {
    summary: "query a run's completions with SQL",
    load: async () => (await import('./rollouts.js')).rolloutsCommand,
  },
  analyze: {
    summary: "bound entropy changes from a server's top-k log-probabilities",
    load: async () => (await import('./analyze.js')).analyzeCommand,
  },
  atlas: {
    summary: 'show what each entropy method would do to recorded rollouts',
    load: async () => (await import('./atlas.js')).atlasCommand,
  },
  reproduce: {
    summary: "test the paper's claims",
    load: async () => (await import('./reproduce.js')).reproduceCommand,
  },
  doctor: {
    summary: 'check the installation',
    load: async () => (await import('./doctor.js')).doctorCommand,
  },
  config: {
    summary: 'explain the keys of a recipe',
    load: async () => (await import('./config.js')).configCommand,
  },
  completion: {
    summary: 'print a completion script for a shell',
    load: async () => (await import('./completion.js')).completionCommand,
  },
} satisfies Record<string, CommandEntry>

export type CommandName = keyof typeof commands
