/** A model whose completions vLLM servers draw, and which is scored on this machine. */
import { openServed } from '../../rollout/vllm/sampler.js'
import { type LocalBackend, openLocalBackend } from '../../train/local/backend.js'

type Open = typeof openLocalBackend

/** What opens a model: this machine's engine alone, or with servers that hold the model. */
export const engineOf = (urls: readonly string[] | undefined, open: Open = openLocalBackend): Open =>
  urls === undefined || urls.length === 0 ? open : servedBy(urls, open)

const servedBy =
  (urls: readonly string[], open: Open): Open =>
  async (reference, options = {}) => {
    const backend = await open(reference, options)
    try {
      const { model, score } = backend
      const served = await openServed(urls, { model, score, reference, signal: options.signal })
      const close = async () => {
        await served.close()
        await backend.close()
      }
      return { ...backend, sample: served.sample, close } satisfies LocalBackend
    } catch (error) {
      await backend.close()
      throw error
    }
  }
