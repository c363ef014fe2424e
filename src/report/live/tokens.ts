/** One completion with everything that is known of its tokens. */
import { Rollouts } from '../../run/rollouts/query.js'

export interface CompletionName {
  step: number
  prompt: string
  sample: number
}

export interface CompletionTokens {
  row: Record<string, unknown>
  /** The text of each token; ids where the tokenizer is not to be had. */
  texts: string[]
}

export async function tokensOf(
  run: string,
  { step, prompt, sample }: CompletionName,
  decode: ((id: number) => string) | undefined,
): Promise<CompletionTokens | undefined> {
  const rollouts = await Rollouts.open(run)
  try {
    const where = `step = ${step} AND sample = ${sample} AND prompt_id = '${prompt.replaceAll("'", "''")}'`
    for await (const [row] of rollouts.query({ where, limit: 1 }, { timeout: 10 })) {
      if (row === undefined) return undefined
      const ids = row.tokens as number[]
      return { row, texts: ids.map((id) => decode?.(id) ?? String(id)) }
    }
    return undefined
  } finally {
    rollouts.close()
  }
}
