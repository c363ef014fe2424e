import { type OpenOptions, openModel } from '../model/open.js'

/** The text of single tokens of a model, special ones as they are written. */
export async function tokenDecoder(
  reference: string,
  options: Pick<OpenOptions, 'offline'> = {},
): Promise<(id: number) => string> {
  const { tokenizer, tensors } = await openModel(reference, options)
  tensors.close()
  return (id) => tokenizer.decode([id])
}
