"""Writes test/fixtures/training: optimizer steps of GRPO computed by PyTorch's autograd from whole logits, in float64.

    python test/golden/grpo_step.py            (torch, transformers 5, safetensors; needs test/fixtures/models)

NAME.json holds what goes into two successive AdamW steps of a tiny model and what is to come out (loss, gradient norm,
per token: log p, slope, clipped, KL); NAME.safetensors the parameters after both. policy-head.json holds the gradients
of a head alone. Numbers that the other side reads as float32 are rounded to float32 before they are used here.
"""

import json
import math
import pathlib
import random

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures"
OUT = FIXTURES / "training"
VOCAB = 64

CASES = {
    "llama": dict(temperature=0.8, aggregation="token", klCoef=0.1, klEstimator="k3", entropyCoef=0.0, gradClip=0.5),
    "llama-tied-biases": dict(temperature=1.0, aggregation="sequence", klCoef=0.05, klEstimator="k2", entropyCoef=0.02,
                              gradClip=None),
    "qwen3-biases": dict(temperature=1.3, aggregation="constant", klCoef=0.0, klEstimator="k3", entropyCoef=0.0,
                         gradClip=0.25),
    "qwen3": dict(temperature=0.7, aggregation="token", klCoef=0.0, klEstimator="k3", entropyCoef=-0.01, gradClip=1.0),
}
ADAMW = dict(lr=1e-2, weightDecay=0.1, betas=[0.9, 0.95], eps=1e-3)
CLIP = dict(clipLow=0.2, clipHigh=0.28)
CONSTANT_LENGTH = 10


def f32(value):
    return torch.tensor(value, dtype=torch.float32).double().item()


def logprobs_and_entropy(model, prompt, tokens, temperature):
    logits = model(torch.tensor([prompt + tokens])).logits[0] / temperature
    rows = torch.log_softmax(logits[len(prompt) - 1:-1], -1)
    entropy = -(rows.exp() * rows).sum(-1)
    return rows.gather(1, torch.tensor(tokens)[:, None])[:, 0], entropy


def weight_of(lengths, aggregation, i):
    if aggregation == "token":
        return 1 / sum(lengths)
    return 1 / (len(lengths) * (lengths[i] if aggregation == "sequence" else CONSTANT_LENGTH))


def make_groups(model, rng, temperature, aggregation, kl):
    """Three groups of different sizes, prompts and lengths; one of advantage 0; masked tokens, some of them last."""
    plan = [(5, [7, 1, 4]), (2, [3, 6]), (9, [5, 2, 8, 3])]
    lengths = [length for _, group in plan for length in group]
    groups = []
    index = 0
    for g, (prompt_length, group) in enumerate(plan):
        prompt = [rng.randrange(VOCAB) for _ in range(prompt_length)]
        completions = []
        for length in group:
            tokens = [rng.randrange(VOCAB) for _ in range(length)]
            with torch.no_grad():
                logprob, _ = logprobs_and_entropy(model, prompt, tokens, temperature)
            advantage = 0.0 if g == 1 else f32(rng.uniform(-1.5, 1.5))
            mask = [0 if rng.random() < 0.25 else 1 for _ in tokens]
            if index == 0:
                mask[-2:] = [0, 0]
            completion = dict(
                tokens=tokens,
                rolloutLogprob=[f32(v + rng.uniform(-0.5, 0.5)) for v in logprob.tolist()],
                advantage=advantage,
                gradMask=mask,
                weight=f32(weight_of(lengths, aggregation, index)),
            )
            if kl:
                completion["referenceLogprob"] = [f32(v + rng.uniform(-0.8, 0.8)) for v in logprob.tolist()]
            completions.append(completion)
            index += 1
        groups.append(dict(prompt=prompt, completions=completions))
    return groups


def objective_of(model, groups, case):
    total = 0
    tokens = []
    for group in groups:
        for completion in group["completions"]:
            logprob, entropy = logprobs_and_entropy(model, group["prompt"], completion["tokens"], case["temperature"])
            rollout = torch.tensor(completion["rolloutLogprob"], dtype=torch.float64)
            mask = torch.tensor(completion["gradMask"], dtype=torch.float64)
            ratio = (logprob - rollout).exp()
            advantage = completion["advantage"]
            surrogate = torch.minimum(
                ratio * advantage, ratio.clamp(1 - CLIP["clipLow"], 1 + CLIP["clipHigh"]) * advantage)
            value = surrogate
            kl = None
            if case["klCoef"] > 0:
                gap = torch.tensor(completion["referenceLogprob"], dtype=torch.float64) - logprob
                kl = gap ** 2 / 2 if case["klEstimator"] == "k2" else gap.exp() - gap - 1
                value = value - case["klCoef"] * kl
            slope = torch.autograd.grad(value.sum(), logprob, retain_graph=True)[0]
            surrogate_slope = torch.autograd.grad(surrogate.sum(), logprob, retain_graph=True)[0]
            tokens.append(dict(
                logprob=logprob.tolist(),
                slope=slope.tolist(),
                clipped=[int(advantage != 0 and s == 0) for s in surrogate_slope.tolist()],
                **({} if kl is None else {"kl": kl.tolist()}),
            ))
            total = total + completion["weight"] * (mask * value + case["entropyCoef"] * entropy).sum()
    return total, tokens


def write(name, value):
    rounded = json.loads(json.dumps(value), parse_float=lambda text: float(f"{float(text):.9g}"))
    (OUT / name).write_text(json.dumps(rounded, separators=(",", ":")) + "\n")


def write_case(name, case, seed):
    rng = random.Random(seed)
    model = AutoModelForCausalLM.from_pretrained(
        FIXTURES / "models" / name, dtype=torch.float64, attn_implementation="eager")
    # torch.nn.Embedding drops the gradient of its padding id; here every id in a sequence is a token like any other.
    model.get_input_embeddings().padding_idx = None
    parameters = dict(model.named_parameters())
    optimizer = torch.optim.AdamW(parameters.values(), lr=ADAMW["lr"], betas=ADAMW["betas"], eps=ADAMW["eps"],
                                  weight_decay=ADAMW["weightDecay"])
    steps = []
    for _ in range(2):
        groups = make_groups(model, rng, case["temperature"], case["aggregation"], case["klCoef"] > 0)
        optimizer.zero_grad()
        objective, tokens = objective_of(model, groups, case)
        (-objective).backward()
        clip = math.inf if case["gradClip"] is None else case["gradClip"]
        norm = torch.nn.utils.clip_grad_norm_(parameters.values(), clip)
        optimizer.step()
        steps.append(dict(groups=groups, loss=-objective.item(), gradNorm=norm.item(), tokens=tokens))
    write(f"{name}.json", dict(**case, **CLIP, **ADAMW, steps=steps))
    save_file({key: value.detach().float().contiguous() for key, value in parameters.items()},
              OUT / f"{name}.safetensors")


def write_head():
    generator = torch.Generator().manual_seed(5)
    R, V, d, T = 6, 9, 4, 0.7
    normal = lambda *shape: torch.randn(shape, generator=generator).double()
    hidden, head = (2 * normal(R, d)).requires_grad_(), normal(V, d).requires_grad_()
    slope, bonus = normal(R), 0.3 * normal(R)
    targets = torch.randint(V, (R,), generator=generator)
    logp = torch.log_softmax(hidden @ head.T / T, -1)
    entropy = -(logp.exp() * logp).sum(-1)
    picked = logp.gather(1, targets[:, None])[:, 0]
    (-(slope * picked + bonus * entropy).sum()).backward()
    write("policy-head.json", dict(
        temperature=T, hidden=hidden.tolist(), head=head.tolist(), slope=slope.tolist(), bonus=bonus.tolist(),
        targets=targets.tolist(), logprob=picked.tolist(), entropy=entropy.tolist(), dHidden=hidden.grad.tolist(),
        dHead=head.grad.tolist()))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for seed, (name, case) in enumerate(CASES.items()):
        write_case(name, case, seed)
    write_head()


if __name__ == "__main__":
    main()
