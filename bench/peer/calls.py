"""Calls of small operators."""
from wire import answer, clocks, receive, since, versions

settings = receive()

import torch

torch.set_num_threads(settings["threads"])
a, b = torch.rand(settings["elements"]), torch.rand(settings["elements"])


def run(name, calls):
    if name == "mul":
        for _ in range(calls):
            torch.mul(a, b)
    elif name == "add":
        for _ in range(calls):
            torch.add(a, b)
    else:
        for _ in range(calls):
            torch.exp(a)


answer(versions())
while True:
    request = receive()
    began = clocks()
    run(request["operator"], request["calls"])
    answer(since(began))
