import { GGMLQuantizationType } from '@huggingface/gguf'
import { expect, it } from 'vitest'
import { ggufTypeName } from './types.js'

it("has the names of Hugging Face's reader", () => {
  const known = Object.entries(GGMLQuantizationType).flatMap(([name, type]) =>
    typeof type === 'number' ? [[type, name]] : [],
  )
  const all = Array.from({ length: 100 }, (_, type) => [type, ggufTypeName(type)]).filter(([, name]) => name)
  expect(all).toEqual(known)
})
