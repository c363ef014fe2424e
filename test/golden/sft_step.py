"""Writes test/fixtures/training/sft.{json,safetensors}: two supervised steps as transformers takes them, in float64.

    python test/golden/sft_step.py             (torch, transformers 5, safetensors; needs test/fixtures/models)

The batch is padded and labelled as a Trainer's: labels are -100 where a token is not learnt, and the loss is the model's
own loss_function with num_items_in_batch, the mean over the batch's learnt tokens. sft.json holds the sequences and, per
step, loss, gradient norm, mean entropy and accuracy at the learnt tokens; sft.safetensors the parameters after both.
"""

import json
import pathlib
import random

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures"
VOCAB = 64
ADAMW = dict(lr=1e-2, weightDecay=0.1, betas=[0.9, 0.95], eps=1e-3)
GRAD_CLIP = 0.5
# Length, and the learnt stretches: one reply; two replies with a turn between them; all but the first token; one token.
PLAN = [(12, [(5, 12)]), (17, [(3, 7), (12, 16)]), (6, [(1, 6)]), (9, [(8, 9)])]


def make_batch(rng, model):
    """Random ids; the first sequence's learnt ones are the model's own choice, so that some are the likeliest."""
    sequences = []
    for length, spans in PLAN:
        target = [0] * length
        for start, end in spans:
            target[start:end] = [1] * (end - start)
        sequences.append(dict(tokens=[rng.randrange(3, VOCAB) for _ in range(length)], target=target))
    own = sequences[0]["tokens"]
    for i in range(*PLAN[0][1][0]):
        with torch.no_grad():
            own[i] = model(torch.tensor([own[:i]])).logits[0, -1].argmax().item()
    return sequences


def padded(sequences):
    width = max(len(s["tokens"]) for s in sequences)
    rows = [s["tokens"] + [0] * (width - len(s["tokens"])) for s in sequences]
    labels = [[t if learnt else -100 for t, learnt in zip(s["tokens"], s["target"])] + [-100] * (width - len(s["tokens"]))
              for s in sequences]
    mask = [[1] * len(s["tokens"]) + [0] * (width - len(s["tokens"])) for s in sequences]
    return torch.tensor(rows), torch.tensor(labels), torch.tensor(mask)


def main():
    rng = random.Random(7)
    model = AutoModelForCausalLM.from_pretrained(
        FIXTURES / "models" / "llama", dtype=torch.float64, attn_implementation="eager")
    model.get_input_embeddings().padding_idx = None
    parameters = dict(model.named_parameters())
    optimizer = torch.optim.AdamW(parameters.values(), lr=ADAMW["lr"], betas=ADAMW["betas"], eps=ADAMW["eps"],
                                  weight_decay=ADAMW["weightDecay"])
    steps = []
    for _ in range(2):
        sequences = make_batch(rng, model)
        ids, labels, mask = padded(sequences)
        optimizer.zero_grad()
        logits = model(input_ids=ids, attention_mask=mask).logits
        count = int((labels[:, 1:] != -100).sum())
        loss = model.loss_function(logits=logits, labels=labels, vocab_size=VOCAB, num_items_in_batch=count)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters.values(), GRAD_CLIP)
        optimizer.step()
        learnt = labels[:, 1:] != -100
        rows = torch.log_softmax(logits[:, :-1][learnt].detach().double(), -1)
        steps.append(dict(
            sequences=sequences,
            loss=loss.item(),
            gradNorm=norm.item(),
            entropy=-(rows.exp() * rows).sum(-1).mean().item(),
            accuracy=(rows.argmax(-1) == labels[:, 1:][learnt]).double().mean().item(),
        ))
    out = FIXTURES / "training"
    golden = dict(**ADAMW, gradClip=GRAD_CLIP, steps=steps)
    (out / "sft.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    save_file({key: value.detach().float().contiguous() for key, value in parameters.items()}, out / "sft.safetensors")


if __name__ == "__main__":
    main()
