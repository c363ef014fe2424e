import { openModel } from '../model/open.js'

/** The text of single tokens of a model, special ones as they are written. */
export async function tokenDecoder(reference: string): Promise<(id: number) => string> {
  const { tokenizer, tensors } = await openModel(reference)
  tensors.close()
  return (id) => tokenizer.decode([id])
}
