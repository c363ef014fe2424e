"""The policy head from full logits: the token statistics, the loss, and both gradients by autograd."""
from memory import base, peak
from wire import answer, clocks, receive, since, versions

settings = receive()

import torch

torch.set_num_threads(settings["threads"])
T, V, d = settings["tokens"], settings["vocabulary"], settings["width"]
torch.manual_seed(0)
hidden = torch.rand(T, d).sub_(0.5).requires_grad_()
head = torch.rand(V, d).sub_(0.5).mul_(settings["scale"]).requires_grad_()
targets = torch.randint(V, (T, 1))
slope = torch.rand(T, 1) - 0.5
answer(versions())
while True:
    receive()
    hidden.grad = head.grad = None
    before = base()
    began = clocks()
    logp = (hidden @ head.T).log_softmax(-1)
    picked = logp.gather(1, targets)
    with torch.no_grad():
        p = logp.exp()
        entropy = -(p * logp).sum(-1, keepdim=True)
        S = picked.exp() * (entropy + picked)
        scores = p * (entropy + logp)
        expected = (p * scores).sum(-1)
        squares = scores.square_().sum(-1)
        del scores
        p2 = p.square_().sum(-1)
        p2logp = p.mul_(logp).sum(-1)
        del p
    loss = -(slope * picked).sum()
    del logp
    loss.backward()
    times = since(began)
    value = loss.item()
    del loss, picked
    answer({**times, "bytes": peak() - before, "loss": value})
