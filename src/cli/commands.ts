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
    summary: 'train a model as a recipe says, or continue a run',
    load: async () => (await import('./train.js')).trainCommand,
  },
  sft: {
    summary: 'teach a model by examples, or continue such a run',
    load: async () => (await import('./sft.js')).sftCommand,
  },
  quickstart: {
    summary: 'the paper in miniature: GRPO, Clip_B and Clip_V from one start',
    load: async () => (await import('./quickstart.js')).quickstartCommand,
  },
  init: {
    summary: 'start a project with a recipe and a reward of your own',
    load: async () => (await import('./init.js')).initCommand,
  },
  generate: {
    summary: 'sample completions, or chat with a model',
    load: async () => (await import('./generate.js')).generateCommand,
  },
  score: {
    summary: 'score given tokens: log-probabilities, entropy and its scores',
    load: async () => (await import('./score.js')).scoreCommand,
  },
  grade: {
    summary: 'grade final answers against references',
    load: async () => (await import('./grade.js')).gradeCommand,
  },
  data: {
    summary: 'prepare data sets to train and evaluate on',
    load: async () => (await import('./data.js')).dataCommand,
  },
  filter: {
    summary: "keep the problems that a model's samples solve sometimes",
    load: async () => (await import('./filter.js')).filterCommand,
  },
  merge: {
    summary: "put a LoRA adapter's changes into the weights of its base model",
    load: async () => (await import('./merge.js')).mergeCommand,
  },
  eval: {
    summary: 'measure Avg@K, Pass@K and maj@K of models',
    load: async () => (await import('./eval.js')).evalCommand,
  },
  compare: {
    summary: 'put runs and evaluations side by side',
    load: async () => (await import('./compare.js')).compareCommand,
  },
  watch: {
    summary: 'live pages over runs, their completions, and their tokens',
    load: async () => (await import('./watch.js')).watchCommand,
  },
  report: {
    summary: 'write the page of a run',
    load: async () => (await import('./report.js')).reportCommand,
  },
  rollouts: {
    summary: "query a run's completions",
    load: async () => (await import('./rollouts.js')).rolloutsCommand,
  },
  analyze: {
    summary: "what a server's log-probabilities say about entropy",
    load: async () => (await import('./analyze.js')).analyzeCommand,
  },
  atlas: {
    summary: 'what every entropy method makes of recorded rollouts',
    load: async () => (await import('./atlas.js')).atlasCommand,
  },
  reproduce: {
    summary: "the paper's claims, from their runs to verdicts",
    load: async () => (await import('./reproduce.js')).reproduceCommand,
  },
  doctor: {
    summary: 'show what is there and what is wrong',
    load: async () => (await import('./doctor.js')).doctorCommand,
  },
  config: {
    summary: 'explain every key of a recipe',
    load: async () => (await import('./config.js')).configCommand,
  },
  completion: {
    summary: 'print a completion script for a shell',
    load: async () => (await import('./completion.js')).completionCommand,
  },
} satisfies Record<string, CommandEntry>

export type CommandName = keyof typeof commands
