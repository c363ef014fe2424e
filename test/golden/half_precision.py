"""Writes test/fixtures/training/NAME-bf16.*: the optimizer steps of grpo_step.py by PyTorch on bfloat16 weights with
float32 masters, and the masters of AdamW alone under given gradients.

    python test/golden/half_precision.py            (torch, transformers 5, safetensors; needs test/fixtures/training)

AdamW moves the masters; the weights are the masters rounded to bfloat16. The golden gradients are those of such weights
in float64, so that what is measured is the other side's rounding alone. NAME-bf16.json also holds how far transformers
gets from them in bfloat16 (logits in float32): the masters' error as a share of their movement, and each step's loss and
gradient norm. masters.json needs no model: gradients in, masters and weights out, number by number.
"""

import json
import math

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

import grpo_step
from grpo_step import FIXTURES, OUT, objective_of, write

NAMES = ["llama", "qwen3"]
# No clip: whether a token near its bound is clipped would hang on the rounding.
grpo_step.CLIP.update(clipLow=100, clipHigh=100)


class WideHead(torch.nn.Module):
    """The model with its logits computed in float32 from bfloat16 hidden states."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, ids):
        hidden = self.model.model(ids).last_hidden_state
        wide = torch.float64 if hidden.dtype == torch.float64 else torch.float32
        logits = torch.nn.functional.linear(hidden.to(wide), self.model.get_output_embeddings().weight.to(wide))
        return type("Output", (), {"logits": logits})()


def two_steps(name, case, dtype):
    """Masters before and after, and each step's loss and gradient norm, with activations of `dtype`."""
    model = AutoModelForCausalLM.from_pretrained(
        FIXTURES / "models" / name, dtype=torch.bfloat16, attn_implementation="eager").to(dtype)
    model.get_input_embeddings().padding_idx = None
    parameters = dict(model.named_parameters())
    masters = {key: value.detach().float() for key, value in parameters.items()}
    start = {key: value.clone() for key, value in masters.items()}
    optimizer = torch.optim.AdamW(masters.values(), lr=case["lr"], betas=case["betas"], eps=case["eps"],
                                  weight_decay=case["weightDecay"])
    steps = []
    for step in case["steps"]:
        model.zero_grad()
        objective, _ = objective_of(WideHead(model), step["groups"], case)
        (-objective).backward()
        for key, master in masters.items():
            master.grad = parameters[key].grad.float()
        clip = math.inf if case["gradClip"] is None else case["gradClip"]
        norm = torch.nn.utils.clip_grad_norm_(masters.values(), clip)
        optimizer.step()
        with torch.no_grad():
            for key, master in masters.items():
                parameters[key].copy_(master.bfloat16())
        steps.append(dict(loss=-objective.item(), gradNorm=norm.item()))
    return start, masters, steps


def write_case(name):
    case = json.loads((OUT / f"{name}.json").read_text())
    start, exact, steps = two_steps(name, case, torch.float64)
    _, half, half_steps = two_steps(name, case, torch.bfloat16)
    length = lambda difference: math.sqrt(sum((difference(key) ** 2).sum().item() for key in exact))
    error = length(lambda key: half[key] - exact[key]) / length(lambda key: exact[key] - start[key])
    write(f"{name}-bf16.json", dict(steps=steps, transformers=dict(error=error, steps=half_steps)))
    save_file(exact, OUT / f"{name}-bf16.safetensors")


def write_masters():
    generator = torch.Generator().manual_seed(3)
    weights = torch.randn(24, generator=generator).bfloat16()
    options = dict(lr=1e-4, betas=[0.9, 0.99], eps=1e-8, weightDecay=0.01)
    master = weights.float()
    optimizer = torch.optim.AdamW([master], lr=options["lr"], betas=options["betas"], eps=options["eps"],
                                  weight_decay=options["weightDecay"])
    start = weights.tolist()
    steps = []
    for _ in range(3):
        # Two micro-batches, whose bfloat16 gradients are summed in float32.
        parts = [torch.randn(24, generator=generator).bfloat16() for _ in range(2)]
        master.grad = parts[0].float() + parts[1].float()
        optimizer.step()
        weights.copy_(master)
        steps.append(dict(gradients=[part.tolist() for part in parts], master=master.tolist(), weights=weights.tolist()))
    write("masters.json", dict(**options, start=start, steps=steps))


if __name__ == "__main__":
    for name in NAMES:
        write_case(name)
    write_masters()
