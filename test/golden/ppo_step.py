"""Writes test/fixtures/training/ppo-*: PPO computed by PyTorch, in float64.

    python test/golden/ppo_step.py            (torch, transformers 5, safetensors; needs test/fixtures/models)

ppo-parts.json: GAE and whitening on padded batches, in the form of TRL's and verl's code (recursion over columns, masked
mean and variance), and the clipped value loss with its gradient by autograd. ppo-step-NAME.json: one batch of
rollouts, what it turns into (values, advantages, returns), and two epochs on it, of the policy and of the critic, each
with AdamW of its own; ppo-step-NAME.safetensors the parameters after both, the critic's under "critic.". Numbers that
the other side reads as float32 are rounded to float32 before they are used here.
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
VARIANCE_EPSILON = 1e-8
# rewards of the completions; the one at index 3 is cut and its tokens are not the policy's.
REWARDS = [[1.0, 0.0, 0.25], [0.5, 1.0], [0.0]]
LENGTHS = [[6, 1, 4], [5, 7], [3]]
PROMPTS = [4, 2, 7]
MASKED = 3

CASES = {
    "qwen3": dict(trunk="own", temperature=0.9, gamma=1.0, **{"lambda": 0.95}, valueClip=0.05, klCoef=0.1, klIn="reward",
                  gradClip=0.5, criticGradClip=0.3, whiten=True),
    "llama-tied-biases": dict(trunk="frozen", temperature=1.0, gamma=0.98, **{"lambda": 1.0}, valueClip=None, klCoef=0.05,
                              klIn="loss", gradClip=None, criticGradClip=None, whiten=False),
}
ADAMW = dict(lr=1e-2, criticLr=2e-2, weightDecay=0.1, betas=[0.9, 0.95], eps=1e-3)
CLIP = dict(clipLow=0.2, clipHigh=0.28)


def f32(value):
    return torch.tensor(value, dtype=torch.float32).double().item()


def masked_gae(rewards, values, mask, gamma, lam):
    """Column by column from the right over right-padded rows; behind a row's end everything is 0."""
    following_value = torch.zeros(rewards.shape[0], dtype=torch.float64)
    following_advantage = torch.zeros_like(following_value)
    columns = []
    for t in reversed(range(rewards.shape[1])):
        delta = rewards[:, t] + gamma * following_value - values[:, t]
        following_advantage = (delta + gamma * lam * following_advantage) * mask[:, t]
        following_value = values[:, t] * mask[:, t]
        columns.append(following_advantage)
    advantages = torch.stack(columns[::-1], 1)
    return advantages, (advantages + values) * mask


def masked_whiten(values, mask):
    count = mask.sum()
    mean = (values * mask).sum() / count
    variance = ((values - mean) ** 2 * mask).sum() / (count - 1)
    return (values - mean) * torch.rsqrt(variance + VARIANCE_EPSILON) * mask


def value_loss(value, old, target, clip):
    bounded = value if clip is None else torch.maximum(torch.minimum(value, old + clip), old - clip)
    return 0.5 * torch.maximum((value - target) ** 2, (bounded - target) ** 2)


def padded(rows):
    width = max(len(row) for row in rows)
    values = torch.tensor([list(row) + [0.0] * (width - len(row)) for row in rows], dtype=torch.float64)
    mask = torch.tensor([[1.0] * len(row) + [0.0] * (width - len(row)) for row in rows], dtype=torch.float64)
    return values, mask


def unpadded(matrix, rows):
    return [matrix[i, :len(row)].tolist() for i, row in enumerate(rows)]


def write(name, value):
    rounded = json.loads(json.dumps(value), parse_float=lambda text: float(f"{float(text):.9g}"))
    (OUT / name).write_text(json.dumps(rounded, separators=(",", ":")) + "\n")


def write_parts():
    rng = random.Random(7)
    batches = []
    for gamma, lam in [(1.0, 0.95), (1.0, 1.0), (0.97, 0.9), (0.9, 0.0)]:
        lengths = [5, 1, 9, 3]
        rewards = [[f32(rng.uniform(-0.1, 0.1)) for _ in range(n - 1)] + [f32(rng.uniform(-1, 1))] for n in lengths]
        values = [[f32(rng.uniform(-1, 1)) for _ in range(n)] for n in lengths]
        r, mask = padded(rewards)
        v, _ = padded(values)
        advantages, returns = masked_gae(r, v, mask, gamma, lam)
        batches.append(dict(
            gamma=gamma, **{"lambda": lam}, rewards=rewards, values=values, advantages=unpadded(advantages, rewards),
            returns=unpadded(returns, rewards), whitened=unpadded(masked_whiten(advantages, mask), rewards)))
    losses = []
    for clip in [0.2, 0.5, None]:
        for _ in range(12):
            value = torch.tensor(f32(rng.uniform(-1, 1)), dtype=torch.float64, requires_grad=True)
            old, target = f32(rng.uniform(-1, 1)), f32(rng.uniform(-1, 1))
            loss = value_loss(value, torch.tensor(old, dtype=torch.float64), target, clip)
            loss.backward()
            losses.append(dict(clip=clip, value=value.item(), old=old, target=target, loss=loss.item(),
                               slope=value.grad.item()))
    write("ppo-parts.json", dict(batches=batches, losses=losses))


def load(name):
    model = AutoModelForCausalLM.from_pretrained(
        FIXTURES / "models" / name, dtype=torch.float64, attn_implementation="eager")
    # torch.nn.Embedding drops the gradient of its padding id; here every id in a sequence is a token like any other.
    model.get_input_embeddings().padding_idx = None
    return model


def logprobs(model, prompt, tokens, temperature):
    logits = model(torch.tensor([prompt + tokens])).logits[0] / temperature
    rows = torch.log_softmax(logits[len(prompt) - 1:-1], -1)
    return rows.gather(1, torch.tensor(tokens)[:, None])[:, 0]


def values_of(trunk, head, prompt, tokens):
    """V of the state each token was drawn in: the head on the last hidden state (after the final norm) before it."""
    hidden = trunk.model(torch.tensor([prompt + tokens])).last_hidden_state[0]
    return (hidden[len(prompt) - 1:-1] @ head["score.weight"].T + head["score.bias"])[:, 0]


def make_batch(model, rng, temperature):
    items = []
    for g, prompt_length in enumerate(PROMPTS):
        prompt = [rng.randrange(VOCAB) for _ in range(prompt_length)]
        for sample, (length, reward) in enumerate(zip(LENGTHS[g], REWARDS[g])):
            tokens = [rng.randrange(VOCAB) for _ in range(length)]
            with torch.no_grad():
                now = logprobs(model, prompt, tokens, temperature).tolist()
            items.append(dict(
                group=g, sample=sample, prompt=prompt, tokens=tokens, reward=reward, counts=len(items) != MASKED,
                rolloutLogprob=[f32(v + rng.uniform(-0.25, 0.25)) for v in now],
                referenceLogprob=[f32(v + rng.uniform(-0.8, 0.8)) for v in now]))
    return items


def credit(items, trunk, head, case):
    counted = [item for item in items if item["counts"]]
    in_reward = case["klCoef"] if case["klIn"] == "reward" else 0.0
    rewards = []
    for item in counted:
        own = [-in_reward * (p - q) for p, q in zip(item["rolloutLogprob"], item["referenceLogprob"])]
        own[-1] += item["reward"]
        rewards.append(own)
    with torch.no_grad():
        values = [values_of(trunk, head, item["prompt"], item["tokens"]).tolist() for item in counted]
    r, mask = padded(rewards)
    v, _ = padded(values)
    advantages, returns = masked_gae(r, v, mask, case["gamma"], case["lambda"])
    if case["whiten"]:
        advantages = masked_whiten(advantages, mask)
    for i, item in enumerate(counted):
        n = len(item["tokens"])
        item.update(values=values[i], advantages=advantages[i, :n].tolist(), returns=returns[i, :n].tolist())
    return counted


def policy_objective(model, counted, case):
    total = 0
    count = sum(len(item["tokens"]) for item in counted)
    for item in counted:
        logprob = logprobs(model, item["prompt"], item["tokens"], case["temperature"])
        ratio = (logprob - torch.tensor(item["rolloutLogprob"], dtype=torch.float64)).exp()
        advantage = torch.tensor(item["advantages"], dtype=torch.float64)
        value = torch.minimum(ratio * advantage, ratio.clamp(1 - CLIP["clipLow"], 1 + CLIP["clipHigh"]) * advantage)
        if case["klIn"] == "loss":
            gap = torch.tensor(item["referenceLogprob"], dtype=torch.float64) - logprob
            value = value - case["klCoef"] * (gap.exp() - gap - 1)
        total = total + value.sum() / count
    return total


def critic_loss(trunk, head, counted, clip):
    total = 0
    count = sum(len(item["tokens"]) for item in counted)
    for item in counted:
        value = values_of(trunk, head, item["prompt"], item["tokens"])
        old = torch.tensor(item["values"], dtype=torch.float64)
        total = total + value_loss(value, old, torch.tensor(item["returns"], dtype=torch.float64), clip).sum() / count
    return total


def adamw(parameters, lr):
    return torch.optim.AdamW(parameters, lr=lr, betas=ADAMW["betas"], eps=ADAMW["eps"], weight_decay=ADAMW["weightDecay"])


def step(loss, parameters, optimizer, clip):
    optimizer.zero_grad()
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(parameters, math.inf if clip is None else clip)
    optimizer.step()
    return dict(loss=loss.item(), gradNorm=norm.item())


def write_case(name, case, seed):
    rng = random.Random(seed)
    model, trunk = load(name), load(name)
    size = model.config.hidden_size
    head = {
        "score.weight": torch.tensor([[f32(rng.uniform(-0.3, 0.3)) for _ in range(size)]], dtype=torch.float64),
        "score.bias": torch.tensor([f32(rng.uniform(-0.3, 0.3))], dtype=torch.float64),
    }
    start = {key: value.tolist() for key, value in head.items()}
    for value in head.values():
        value.requires_grad_()
    items = make_batch(model, rng, case["temperature"])
    counted = credit(items, trunk, head, case)
    own = dict(trunk.model.named_parameters(prefix="model")) if case["trunk"] == "own" else {}
    critic = {**own, **head}
    policy = list(model.parameters())
    optimizers = adamw(policy, ADAMW["lr"]), adamw(list(critic.values()), ADAMW["criticLr"])
    epochs = []
    for _ in range(2):
        epochs.append(dict(
            policy=step(-policy_objective(model, counted, case), policy, optimizers[0], case["gradClip"]),
            critic=step(critic_loss(trunk, head, counted, case["valueClip"]), list(critic.values()), optimizers[1],
                        case["criticGradClip"])))
    write(f"ppo-step-{name}.json", dict(**case, **CLIP, **ADAMW, head=start, items=items, epochs=epochs))
    after = {**dict(model.named_parameters()), **{f"critic.{key}": value for key, value in critic.items()}}
    save_file({key: value.detach().float().contiguous() for key, value in after.items()},
              OUT / f"ppo-step-{name}.safetensors")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    write_parts()
    for seed, (name, case) in enumerate(CASES.items()):
        write_case(name, case, seed)


if __name__ == "__main__":
    main()
