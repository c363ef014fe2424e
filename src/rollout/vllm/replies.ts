/** What vLLM answers (read in the sources of 0.32, and recorded from it), as far as it is used here. */
import { z } from 'zod'

export interface DrawnTokens {
  tokens: number[]
  logprob: number[]
  finish: 'stop' | 'length'
}

export const versionReply = z.object({ version: z.string() })

export const modelsReply = z.object({
  data: z
    .array(
      z.object({
        id: z.string(),
        /** The base's name, of an adapter. */
        parent: z.string().nullish(),
        max_model_len: z.number().nullish(),
      }),
    )
    .max(10_000),
})

const logprob = z.number()
const choice = z.object({
  token_ids: z.array(z.number().int().min(0)),
  logprobs: z.object({ token_logprobs: z.array(logprob) }),
  finish_reason: z.string(),
})

export const completionReply = z.object({ choices: z.array(choice).length(1) })

const promptToken = z.record(z.string(), z.object({ logprob }))
export const scoredReply = z.object({
  choices: z.array(choice.extend({ prompt_logprobs: z.array(promptToken.nullable()) })).length(1),
})

const errorReply = z.union([
  z.object({ error: z.object({ message: z.string() }) }).transform(({ error }) => error.message),
  z.object({ detail: z.string() }).transform(({ detail }) => detail),
  z.object({ message: z.string() }).transform(({ message }) => message),
])

/** JSON that fits, else undefined. */
export function parsed<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** The server's own words of an error, on one line and not too long. */
export function errorDetail(text: string): string {
  const said = parsed(errorReply, text) ?? (/^\s*[<{]/.test(text) ? '' : text)
  return said.replaceAll(/\s+/g, ' ').trim().slice(0, 300)
}
