"""transformers' generate on padded batches; every batch runs until its longest completion is done."""
from wire import answer, clocks, load, receive, since, versions

settings = receive()

import torch

torch.set_num_threads(settings["threads"])
model, tokenizer = load(settings["model"])
model.eval()
answer(versions())
while True:
    request = receive()
    prompts, lengths, rows = request["prompts"], request["lengths"], request["rows"]
    began = clocks()
    for at in range(0, len(prompts), rows):
        batch = prompts[at : at + rows]
        width = max(len(prompt) for prompt in batch)
        ids = torch.tensor([[tokenizer.pad_token_id] * (width - len(prompt)) + prompt for prompt in batch])
        mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in batch])
        longest = max(lengths[at : at + rows])
        with torch.no_grad():
            model.generate(
                input_ids=ids,
                attention_mask=mask,
                do_sample=True,
                temperature=1.0,
                top_k=0,
                top_p=1.0,
                min_new_tokens=longest,
                max_new_tokens=longest,
                pad_token_id=tokenizer.pad_token_id,
            )
    answer({**since(began), "tokens": sum(lengths)})
