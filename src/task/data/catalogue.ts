/** Data sets known by name: where they lie on the hub, and what part of them trains and evaluates. */

export interface Source {
  title: string
  /** On the hub. */
  repository: string
  config?: string
  /** The hub's split that trains; absent: a benchmark, not to be trained on. */
  train?: string
  /** The hub's split that evaluates; absent: what is held out of `train`. */
  eval?: string
  /** Problems held out of `train`, by the rule of hold-out.ts, where there is no `eval`. */
  holdOut?: number
  /** Text after the problem. */
  instruction: string
}

/** What Qwen2.5-Math's authors ask with, and most evaluations of mathematics since. */
export const boxedInstruction = 'Please reason step by step, and put your final answer within \\boxed{}.'

export const sources: Readonly<Record<string, Source>> = {
  'dapo-math-17k': {
    title:
      "DAPO's training problems, answers whole numbers (Yu et al. 2025); 1.79 million rows repeat some 17,000 problems",
    repository: 'BytedTsinghua-SIA/DAPO-Math-17k',
    train: 'train',
    holdOut: 500,
    instruction: boxedInstruction,
  },
  'dapo-math-17k-processed': {
    title: 'the same, deduplicated by Open R1 (config en; all has Chinese problems as well)',
    repository: 'open-r1/DAPO-Math-17k-Processed',
    config: 'en',
    train: 'train',
    holdOut: 500,
    instruction: boxedInstruction,
  },
  gsm8k: {
    title: 'grade-school mathematics (Cobbe et al. 2021): the train split trains, the test split evaluates',
    repository: 'openai/gsm8k',
    config: 'main',
    train: 'train',
    eval: 'test',
    instruction: 'Think step by step. End with a line that holds #### and the answer as a number, for example: #### 42',
  },
  math500: {
    title: '500 problems of the MATH test set (Lightman et al. 2023)',
    repository: 'HuggingFaceH4/MATH-500',
    eval: 'test',
    instruction: boxedInstruction,
  },
  aime24: {
    title: 'American Invitational Mathematics Examination 2024, I and II',
    repository: 'HuggingFaceH4/aime_2024',
    eval: 'train',
    instruction: boxedInstruction,
  },
  aime25: {
    title: 'American Invitational Mathematics Examination 2025, I and II',
    repository: 'yentinglin/aime_2025',
    eval: 'train',
    instruction: boxedInstruction,
  },
  amc23: {
    title: 'American Mathematics Competition 12, 2023: 40 problems with whole-number answers',
    repository: 'math-ai/amc23',
    eval: 'test',
    instruction: boxedInstruction,
  },
}

/** A part of a source under a name of its own. */
export const derived: Readonly<Record<string, string>> = { dapo500: 'dapo-math-17k' }
