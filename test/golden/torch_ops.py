"""Writes test/fixtures/torch-ops.json: inputs, results and gradients of every operator of src/torch/ops.ts by PyTorch.

    python test/golden/torch_ops.py

A case is one call. Its inputs are multiples of 1/64, so that they are exact in every type; the gradient is that of the
sum of result `of` times `seed`, for every floating-point input.
"""

import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F

torch.manual_seed(3)
torch.set_num_threads(1)
cases = {}


def some(*shape, low=-96, high=97):
    return torch.randint(low, high, shape).float() / 64


def positive(*shape):
    return some(*shape, low=32, high=160)


def ints(*values):
    return torch.tensor(values)


def numbers(tensor):
    tensor = tensor.detach()
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor)
    flat = tensor.flatten().tolist()
    return [float(f"{x:.9g}") if isinstance(x, float) else int(x) for x in flat]


def described(tensor):
    return {
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "shape": list(tensor.shape),
        "data": numbers(tensor),
    }


def case(name, function, *inputs, of=0, gradient=True):
    leaves = [x.clone().requires_grad_(gradient and x.is_floating_point()) for x in inputs]
    results = function(*leaves)
    results = list(results) if isinstance(results, (tuple, list)) else [results]
    entry = {"inputs": [described(x) for x in inputs], "results": [described(x) for x in results]}
    if gradient:
        seed = some(*results[of].shape).to(results[of].dtype)
        results[of].backward(seed)
        entry |= {"of": of, "seed": described(seed)}
        entry["gradients"] = [described(x.grad) if x.grad is not None else None for x in leaves]
    cases[name] = entry


def changed(method):
    """An in-place method on a copy of the first input."""

    def run(x, *rest):
        x = x.clone()
        method(x, *rest)
        return x

    return run


case("linear", F.linear, some(3, 4), some(5, 4))
case("linear, bias", F.linear, some(2, 3, 4), some(5, 4), some(5))
case("mm", torch.mm, some(3, 4), some(4, 2))
case("bmm", torch.bmm, some(2, 3, 4), some(2, 4, 2))
case("rmsNorm", lambda x, w: F.rms_norm(x, [6], w, 1e-5), some(4, 6), some(6))
case("silu", F.silu, some(3, 5))
case("mul", torch.mul, some(3, 4), some(4))
case("mul, number", lambda x: x * 0.3, some(3, 4))
case("mul_", changed(lambda x, y: x.mul_(y)), some(3, 4), some(3, 4))
case("mul_, number", changed(lambda x: x.mul_(-1.75)), some(5))
case("div", torch.div, some(3, 4), positive(3, 4))
case("div, number", lambda x: x / 3, some(3, 4))
case("div_", changed(lambda x, y: x.div_(y)), some(3, 4), positive(3, 1))
case("div_, number", changed(lambda x: x.div_(7)), some(5))
case("sub", torch.sub, some(3, 4), some(3, 1))
case("sub, alpha", lambda a, b: torch.sub(a, b, alpha=0.3), some(3, 4), some(4))
case("add", torch.add, some(3, 4), some(4))
case("exp", torch.exp, some(7))
case("exp_", changed(lambda x: x.exp_()), some(7))
case("expInto", torch.exp, some(7), gradient=False)
case("log", torch.log, positive(7))
case("neg", torch.neg, some(7))
case("sum", torch.sum, some(3, 4))
case("sum, dims", lambda x: x.sum([0, 2]), some(2, 3, 4))
case("sum, kept", lambda x: x.sum([1], keepdim=True), some(2, 3))
case("sum, float64", lambda x: x.sum([1], dtype=torch.float64), some(2, 3))
case("amax", lambda x: x.amax([1]), torch.tensor([[1.0, 3.0, -2.0], [0.5, 0.25, -4.0]]))
case("amax, kept", lambda x: x.amax([0, 1], keepdim=True), torch.tensor([[1.0, 3.0, -2.0], [0.5, 0.25, -4.0]]))
case("argmax", lambda x: x.argmax(1), torch.tensor([[1.0, 3.0, 3.0], [0.5, 0.25, -4.0]]), gradient=False)
case("argmax, kept", lambda x: x.argmax(0, True), some(3, 4), gradient=False)
case("cat", lambda a, b: torch.cat([a, b], 1), some(2, 3), some(2, 2))
case("split", lambda x: x.split_with_sizes([1, 3, 2], 1), some(2, 6), of=1)
case("narrow", lambda x: x.narrow(1, 2, 3), some(2, 6))
case("select", lambda x: x.select(1, 2), some(2, 3, 4))
case("reshape", lambda x: x.reshape(4, 6), some(2, 3, 4))
case("transpose", lambda x: x.transpose(0, 2), some(2, 3, 4))
case("permute", lambda x: x.permute(2, 0, 1), some(2, 3, 4))
case("contiguous", lambda x: x.t().contiguous(), some(2, 3))
case("expand", lambda x: x.expand(2, 3, 4), some(3, 1))
case("indexSelect", lambda x, i: x.index_select(0, i), some(4, 3), ints(2, 0, 2))
case("indexCopy_", changed(lambda x, i, y: x.index_copy_(1, i, y)), some(2, 4), ints(3, 1), some(2, 2))
case("indexPut_", changed(lambda x, i, y: x.index_put_([i], y)), some(4, 2), ints(3, 1), some(2, 2))
case(
    "indexPut_, accumulated",
    changed(lambda x, i, j, y: x.index_put_([i, j], y, True)),
    some(2, 4),
    ints(1, 1, 0),
    ints(3, 3, 2),
    some(3),
)
case("gather", lambda x, i: x.gather(1, i), some(2, 4), ints([3, 3, 0], [1, 2, 1]))
case("scatterAdd_", changed(lambda x, i, y: x.scatter_add_(1, i, y)), some(2, 4), ints([3, 3], [1, 0]), some(2, 2))
case("scatter_", changed(lambda x, i, y: x.scatter_(1, i, y)), some(2, 4), ints([3, 2], [1, 0]), some(2, 2))
case("cumsum", lambda x: x.cumsum(1), some(3, 5))
case("topk", lambda x: x.topk(2), torch.tensor([[1.0, 3.0, 2.0, -1.0], [0.5, 0.25, -4.0, 8.0]]))
case("sort", lambda x: x.sort(1), torch.tensor([[1.0, 3.0, 2.0], [0.5, 0.25, -4.0]]))
case("sort, descending", lambda x: x.sort(0, True), torch.tensor([[1.0, 3.0, 2.0], [0.5, 4.0, -4.0]]))
case("where", lambda c, a, b: torch.where(c, a, b), some(3, 4) > 0, some(3, 4), some(3, 4))
case("where, number", lambda c, a: torch.where(c, a, -math.inf), some(3, 4) > 0, some(3, 4))
for name in ["lt", "le", "gt"]:
    case(name, getattr(torch, name), ints(1, 2, 3).float(), ints(2, 2, 2).float(), gradient=False)
    case(f"{name}, number", lambda x, name=name: getattr(torch, name)(x, 2), ints(1, 2, 3).float(), gradient=False)
case("minimum", torch.minimum, some(3, 4), some(3, 4))
case("dot", torch.dot, some(6), some(6))
case("toDtype", lambda x: x.double(), some(5))
case("toDtype, bfloat16", lambda x: x.bfloat16(), torch.tensor([1 / 3, 1e9, -2.7182817]), gradient=False)
case("toDtype, int64", lambda x: x.long(), torch.tensor([1.75, -1.75]), gradient=False)
case("clone", torch.clone, some(4))
case("detach", torch.detach, some(4), gradient=False)


def attention(**options):
    return lambda q, k, v, *mask: F.scaled_dot_product_attention(q, k, v, *mask, scale=0.5, **options)


case("attention", attention(), some(2, 2, 3, 4), some(2, 2, 5, 4), some(2, 2, 5, 4))
case("attention, causal", attention(is_causal=True), some(1, 2, 4, 4), some(1, 2, 4, 4), some(1, 2, 4, 4))
case("attention, grouped", attention(enable_gqa=True), some(1, 4, 3, 4), some(1, 2, 5, 4), some(1, 2, 5, 4))
case("attention, mask", attention(), some(1, 2, 3, 4), some(1, 2, 5, 4), some(1, 2, 5, 4), some(3, 5))
case(
    "attention, infinite mask",
    lambda q, k, v, open: attention()(q, k, v, torch.where(open, 0.0, -math.inf)),
    some(1, 2, 3, 4),
    some(1, 2, 5, 4),
    some(1, 2, 5, 4),
    torch.tensor([[1, 0, 0, 0, 0], [1, 1, 0, 1, 0], [0, 1, 1, 1, 1]]).bool(),
)
case(
    "viewAsComplex, viewAsReal",
    lambda x, y: torch.view_as_real(torch.view_as_complex(x) * torch.view_as_complex(y)),
    some(3, 4, 2),
    some(4, 2),
)
case("copyInto", lambda x: x.double(), some(2, 3), gradient=False)
case("fill_", lambda x: torch.full_like(x, 0.1), some(2, 3), gradient=False)
case("addmm_", lambda o, a, b: 0.5 * o + 3 * (a @ b), some(3, 2), some(3, 4), some(4, 2), gradient=False)
case("mmInto", lambda o, a, b: a @ b, some(3, 2), some(3, 4), some(4, 2), gradient=False)
case("sqrt", torch.sqrt, torch.arange(1, 16).reshape(3, 5) / 64)
case("accumulate_", lambda o, x: o + x.bfloat16().float(), torch.arange(6.0).reshape(2, 3) / 7, torch.arange(6.0).reshape(2, 3) / 3, gradient=False)


def adamw():
    """Three steps on two parameters; the gradients of every step are given."""
    options = {"lr": 0.01, "betas": [0.8, 0.95], "eps": 1e-6, "weightDecay": 0.1}
    parameters = [some(3, 4).requires_grad_(), some(5).requires_grad_()]
    optimizer = torch.optim.AdamW(
        parameters,
        lr=options["lr"],
        betas=options["betas"],
        eps=options["eps"],
        weight_decay=options["weightDecay"],
        fused=True,
    )
    start = [described(p) for p in parameters]
    steps = []
    for _ in range(3):
        for p in parameters:
            p.grad = some(*p.shape)
        gradients = [described(p.grad) for p in parameters]
        optimizer.step()
        steps.append({"gradients": gradients, "parameters": [described(p) for p in parameters]})
    state = [
        {key: described(optimizer.state[p][key]) for key in ["exp_avg", "exp_avg_sq", "step"]} for p in parameters
    ]
    return {"options": options, "start": start, "steps": steps, "state": state}


def safe(value):
    """JSON has no infinities."""
    if isinstance(value, dict):
        return {k: safe(v) for k, v in value.items()}
    if isinstance(value, list):
        return [safe(v) for v in value]
    if isinstance(value, float) and math.isinf(value):
        return "-inf" if value < 0 else "inf"
    return value


if __name__ == "__main__":
    target = Path(__file__).parent.parent / "fixtures" / "torch-ops.json"
    content = {"torch": torch.__version__, "cases": safe(cases), "adamw": adamw()}
    lines = [f'{json.dumps(name)}: {json.dumps(entry)}' for name, entry in content["cases"].items()]
    body = ",\n".join(lines)
    target.write_text(
        f'{{"torch": {json.dumps(content["torch"])},\n"adamw": {json.dumps(content["adamw"])},\n"cases": {{\n{body}\n}}}}\n'
    )
