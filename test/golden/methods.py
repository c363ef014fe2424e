"""Golden values of the entropy methods: objectives written as losses of the logits, gradients by torch's autograd.

Every case is one optimizer step's batch, the objective as its paper (or the formula in src/entropy/methods) has it. Stored
are its value, its gradient with respect to the logits and the predicted change of the summed entropy along that
gradient, `sum_t <dH_t/dz_t, d objective/dz_t>`. Run: python test/golden/methods.py > test/fixtures/methods.json
"""

import json

import torch

torch.manual_seed(20260)
torch.set_default_dtype(torch.float64)

V = 6
LENGTHS = [5, 4, 6, 3]
POLICY = [1, 1, 1, 0]  # The last completion is truncated and left out.
ADVANTAGE = [1.3, -0.9, -0.4, 2.0]

T = sum(LENGTHS)
rolled = torch.round(torch.randn(T, V) * 1500) / 1000
now = rolled + torch.round(torch.randn(T, V) * 700) / 1000
tokens = torch.randint(0, V, (T,))
advantage = torch.cat([torch.full((n,), a) for n, a in zip(LENGTHS, ADVANTAGE)])
policy = torch.cat([torch.full((n,), float(p)) for n, p in zip(LENGTHS, POLICY)])
completion = torch.cat([torch.full((n,), i) for i, n in enumerate(LENGTHS)])
N = policy.sum()


def logprobs(logits):
    return torch.log_softmax(logits, -1)[torch.arange(T), tokens]


old = logprobs(rolled)


def entropies(logits):
    p = torch.softmax(logits, -1)
    return -(p * torch.log_softmax(logits, -1)).sum(-1)


def masked_mean(x):
    return (x * policy).sum() / N


def sequence_mean(x):
    """Mean over a completion's tokens, then over the completions that count."""
    means = [x[completion == i].mean() for i, p in enumerate(POLICY) if p]
    return torch.stack(means).mean()


def ppo(ratio, low=0.2, high=0.2, a=advantage):
    return torch.minimum(ratio * a, torch.clamp(ratio, 1 - low, 1 + high) * a)


def covariance(logp):
    return (advantage - masked_mean(advantage)) * (logp.detach() - masked_mean(logp.detach()))


def top(score, share, smallest=1):
    """The largest max(1, floor(share N)) of the policy tokens."""
    score = torch.where(policy > 0, score, torch.tensor(-torch.inf))
    chosen = torch.zeros(T)
    chosen[torch.topk(score, max(smallest, int(share * N))).indices] = 1
    return chosen


def objective_ppo(z):
    return masked_mean(ppo(torch.exp(logprobs(z) - old)))


def objective_clip_higher(z):
    return masked_mean(ppo(torch.exp(logprobs(z) - old), 0.2, 0.5))


def objective_dual(z):
    ratio = torch.exp(logprobs(z) - old)
    bounded = torch.where(advantage < 0, torch.maximum(ppo(ratio), 1.4 * advantage), ppo(ratio))
    return masked_mean(bounded)


def objective_cispo(z):
    logp = logprobs(z)
    weight = torch.clamp(torch.exp(logp - old), 0.7, 1.6).detach()
    return masked_mean(weight * advantage * logp)


def objective_gspo(z):
    total = 0.0
    logp = logprobs(z)
    for i, counts in enumerate(POLICY):
        if counts:
            own = completion == i
            ratio = torch.exp((logp[own] - old[own]).mean())
            a = torch.tensor(ADVANTAGE[i])
            total = total + torch.minimum(ratio * a, torch.clamp(ratio, 1 - 0.05, 1 + 0.3) * a)
    return total / sum(POLICY)


def objective_prob_weight(z):
    weight = 0.3 * torch.exp(logprobs(z)).detach() + 0.7
    return masked_mean(ppo(torch.exp(logprobs(z) - old), a=advantage * weight))


def objective_high_entropy(z):
    keep = top(entropies(z).detach(), 0.4)
    return masked_mean(keep * ppo(torch.exp(logprobs(z) - old)))


def objective_clip_cov(z):
    """With a share of 1 every token in the band is dropped; those that PPO's clip has stopped are not drawn from."""
    logp = logprobs(z)
    ratio = torch.exp(logp - old)
    cov = covariance(logp)
    stopped = ((advantage > 0) & (ratio > 1.2)) | ((advantage < 0) & (ratio < 0.8))
    dropped = (cov > 0.1) & (cov < 1.1) & ~stopped & (policy > 0)
    assert 1 < int(dropped.sum()) < N
    return masked_mean(torch.where(dropped, 0.0, 1.0) * ppo(ratio))


def objective_kl_cov(z):
    logp = logprobs(z)
    chosen = top(covariance(logp), 0.3)
    moved = logp - old
    return masked_mean(torch.exp(moved) * advantage - 0.8 * chosen * (torch.expm1(moved) - moved))


def objective_entropy_bonus(z):
    return objective_ppo(z) + 0.05 * masked_mean(entropies(z))


def objective_sequence(z):
    """High-entropy tokens with weighted advantages, a mean of means, and a bonus that no mask reaches."""
    keep = top(entropies(z).detach(), 0.4)
    weight = 0.2 * torch.exp(logprobs(z)).detach() + 0.8
    surrogate = keep * ppo(torch.exp(logprobs(z) - old), a=advantage * weight)
    return sequence_mean(surrogate) + 0.05 * sequence_mean(entropies(z))


def clip_v_keep(z, mu):
    p = torch.softmax(z, -1).detach()
    scores = p * (entropies(z).detach().unsqueeze(-1) + torch.log(p))
    centred = scores[torch.arange(T), tokens] - (p * scores).sum(-1)
    own = centred[policy > 0]
    return (centred.abs() <= mu * own.std(correction=0)).double()


def objective_clip_v_dual(z):
    keep = clip_v_keep(z, 1.2)
    assert 1 < int((keep * policy).sum()) < N
    ratio = torch.exp(logprobs(z) - old)
    bounded = torch.where(advantage < 0, torch.maximum(ppo(ratio), 1.4 * advantage), ppo(ratio))
    return masked_mean(keep * bounded)


def ratios(z):
    return torch.exp(logprobs(z) - old)


def constant_weight(weight, z):
    """A weight that is a constant: the value weight, the slope weight in log p."""
    logp = logprobs(z)
    return weight.detach() * (logp - logp.detach() + 1)


def objective_sapo(z):
    tau = torch.where(advantage > 0, 1.2, 2.0)
    return sequence_mean(4 / tau * torch.sigmoid(tau * (ratios(z) - 1)) * advantage)


def dppo(z, divergence, low, high, cap):
    """Verl's loss for DPPO, with the value of a token that trains equal to its slope."""
    p, q = torch.exp(logprobs(z)).detach(), torch.exp(old)
    D = (p - q).abs() if divergence == "tv" else q * torch.log(q / p) + (1 - q) * torch.log((1 - q) / (1 - p))
    up = (p <= q) | (D <= high)
    down = (p >= q) | (D <= low)
    keep = torch.where(advantage > 0, up, down).double()
    assert 1 < int((keep * policy).sum()) < N
    assert ((ratios(z) > cap) & (keep > 0) & (policy > 0)).any()
    return masked_mean(keep * advantage * constant_weight(ratios(z).clamp(max=cap), z))


def objective_ce_gppo(z, keep=1.0):
    """The released code's three cases."""
    ratio = ratios(z)
    low = (ratio < 1 - 0.2) & (advantage < 0)
    high = (ratio > 1 + 0.2) & (advantage > 0)
    assert (low & (policy > 0)).any() and (high & (policy > 0)).any()
    weight = torch.where(low, 0.6 * (1 - 0.2), torch.where(high, 0.9 * (1 + 0.2), ratio.detach())) / ratio.detach()
    return masked_mean(keep * weight * ratio * advantage)


def objective_icepop(z):
    ratio = ratios(z)
    keep = (ratio >= 0.7) & (ratio <= 1.4)
    assert 1 < int((keep * policy).sum()) < N
    return masked_mean(torch.where(keep, ratio, 0.0) * advantage)


def objective_gmpo(z):
    total = 0.0
    moved = logprobs(z) - old
    for i, counts in enumerate(POLICY):
        if counts:
            own = moved[completion == i]
            clipped = own.clamp(max=0.2) if ADVANTAGE[i] > 0 else own.clamp(min=-0.3)
            assert (clipped != own).any() and (clipped == own).any()
            total = total + torch.exp(clipped.mean()) * ADVANTAGE[i]
    return total / sum(POLICY)


def objective_vespo(z):
    logp = logprobs(z)
    phi = torch.ones(T)
    for i in range(len(LENGTHS)):
        own = completion == i
        w = torch.exp((logp[own] - old[own]).sum()).detach()
        k, decay = (1.5, 2.0) if ADVANTAGE[i] >= 0 else (2.5, 0.5)
        phi[own] = torch.exp(decay * torch.ones(())) * w**k * torch.exp(-decay * w)
    return masked_mean(phi * advantage * logp)


def objective_stare(z):
    """The ceil(share n) most surprising tokens of each sign of A."""
    surprisal = -logprobs(z).detach()
    weight = torch.ones(T)
    for sign, factor in ((1, 1.5), (-1, 0.6)):
        own = torch.nonzero((policy > 0) & (torch.sign(advantage) == sign)).flatten()
        count = -int(-0.3 * len(own) // 1)
        assert 0 < count < len(own)
        weight[own[torch.topk(surprisal[own], count).indices]] = factor
    return masked_mean(ppo(ratios(z), a=advantage * weight))


def objective_entrocraft(z):
    return masked_mean((advantage > 0).double() * ppo(ratios(z)))


def objective_entropic(z):
    """alpha = 1 (1.1 - 0.6), the state having no sum yet."""
    ratio = ratios(z)
    likely = (torch.exp(logprobs(z)) > 0.3).double()
    assert 1 < int((likely * policy).sum()) < N
    return masked_mean(ppo(ratio) + 0.5 * likely * ratio * advantage.abs())


def erc_keep(z, low, high):
    change = (entropies(z).detach() + 1e-8) / (entropies(rolled) + 1e-8)
    keep = ((change > low) & (change < high)).double()
    assert 1 < int((keep * policy).sum()) < N
    return keep


def objective_erc(z):
    return masked_mean(erc_keep(z, 0.9, 1.1) * ppo(ratios(z)))


def objective_erc_ce_gppo(z):
    return objective_ce_gppo(z, erc_keep(z, 0.81, 1.15))

CASES = {
    "ppo-clip": (objective_ppo, {"entropy": {"method": "ppo-clip"}}),
    "clip-higher": (objective_clip_higher, {"algorithm": {"clipHigh": 0.5}}),
    "dual-clip": (objective_dual, {"entropy": {"method": "dual-clip", "dualClip": {"c": 1.4}}}),
    "cispo": (objective_cispo, {"entropy": {"method": "cispo", "cispo": {"clipLow": 0.3, "clipHigh": 0.6}}}),
    "gspo": (
        objective_gspo,
        {
            "algorithm": {"aggregation": "sequence"},
            "entropy": {"method": "gspo", "gspo": {"clipLow": 0.05, "clipHigh": 0.3}},
        },
    ),
    "prob-weight": (objective_prob_weight, {"entropy": {"method": "prob-weight", "probWeight": {"alpha": 0.3}}}),
    "high-entropy": (objective_high_entropy, {"entropy": {"method": "high-entropy", "highEntropy": {"share": 0.4}}}),
    "clip-cov": (
        objective_clip_cov,
        {"entropy": {"method": "clip-cov", "clipCov": {"share": 1, "low": 0.1, "high": 1.1}}},
    ),
    "kl-cov": (objective_kl_cov, {"entropy": {"method": "kl-cov", "klCov": {"share": 0.3, "coef": 0.8}}}),
    "entropy-bonus": (
        objective_entropy_bonus,
        {"algorithm": {"entropyCoef": 0.05}, "entropy": {"method": "entropy-bonus"}},
    ),
    "adaptive-entropy": (
        objective_entropy_bonus,
        {"entropy": {"method": "adaptive-entropy", "adaptive": {"target": 9, "start": 0.05, "max": 1}}},
    ),
    "high-entropy with prob-weight and a bonus, by sequence": (
        objective_sequence,
        {
            "algorithm": {"aggregation": "sequence", "entropyCoef": 0.05},
            "entropy": {
                "method": ["high-entropy", "prob-weight", "entropy-bonus"],
                "highEntropy": {"share": 0.4},
            },
        },
    ),
    "clip-v with dual-clip": (
        objective_clip_v_dual,
        {
            "entropy": {
                "method": ["clip-v", "dual-clip"],
                "muLow": 1.2,
                "muHigh": 1.2,
                "dualClip": {"c": 1.4},
            }
        },
    ),
    "sapo": (
        objective_sapo,
        {
            "algorithm": {"aggregation": "sequence"},
            "entropy": {"method": "sapo", "sapo": {"tauPositive": 1.2, "tauNegative": 2}},
        },
    ),
    "dppo tv": (
        lambda z: dppo(z, "tv", 0.02, 0.05, 2.5),
        {"entropy": {"method": "dppo", "dppo": {"deltaLow": 0.02, "deltaHigh": 0.05, "cap": 2.5}}},
    ),
    "dppo kl": (
        lambda z: dppo(z, "kl", 0.01, 0.005, 2.5),
        {"entropy": {"method": "dppo", "dppo": {"divergence": "kl", "deltaLow": 0.01, "deltaHigh": 0.005, "cap": 2.5}}},
    ),
    "ce-gppo": (
        objective_ce_gppo,
        {"entropy": {"method": "ce-gppo", "ceGppo": {"betaLow": 0.6, "betaHigh": 0.9}}},
    ),
    "icepop": (objective_icepop, {"entropy": {"method": "icepop", "icepop": {"low": 0.7, "high": 1.4}}}),
    "entropy-schedule": (
        objective_entropy_bonus,
        {"entropy": {"method": "entropy-schedule", "schedule": {"from": 0.08, "to": 0.02, "steps": 5}}},
    ),
    "gmpo": (
        objective_gmpo,
        {
            "algorithm": {"aggregation": "sequence"},
            "entropy": {"method": "gmpo", "gmpo": {"clipLow": 0.3, "clipHigh": 0.2}},
        },
    ),
    "vespo": (
        objective_vespo,
        {
            "entropy": {
                "method": "vespo",
                "vespo": {"kPositive": 1.5, "lambdaPositive": 2, "kNegative": 2.5, "lambdaNegative": 0.5},
            }
        },
    ),
    "stare": (
        objective_stare,
        {"entropy": {"method": "stare", "stare": {"target": 2, "share": 0.3, "positive": 1.5, "negative": 0.6}}},
    ),
    "entrocraft": (objective_entrocraft, {"entropy": {"method": "entrocraft"}}),
    "entropic": (
        objective_entropic,
        {"entropy": {"method": "entropic", "entropic": {"target": 0.6, "probability": 0.3}}},
    ),
    "erc": (objective_erc, {"entropy": {"method": "erc", "erc": {"low": 0.9, "high": 1.1}}}),
    "erc with ce-gppo": (
        objective_erc_ce_gppo,
        {
            "entropy": {
                "method": ["erc", "ce-gppo"],
                "erc": {"low": 0.81, "high": 1.15},
                "ceGppo": {"betaLow": 0.6, "betaHigh": 0.9},
            },
        },
    ),
}


def run(objective):
    z = now.clone().requires_grad_()
    value = objective(z)
    (gradient,) = torch.autograd.grad(value, z)
    x = now.clone().requires_grad_()
    (dH,) = torch.autograd.grad((entropies(x) * policy).sum(), x)
    return {
        "value": value.item(),
        "gradient": gradient.tolist(),
        "predicted": (dH * gradient).sum().item(),
    }


print(
    json.dumps(
        {
            "lengths": LENGTHS,
            "policy": POLICY,
            "advantage": ADVANTAGE,
            "tokens": tokens.tolist(),
            "rolled": rolled.tolist(),
            "now": now.tolist(),
            "cases": [{"name": name, "recipe": recipe, **run(objective)} for name, (objective, recipe) in CASES.items()],
        }
    )
)
