"""One JSON line in, one JSON line out. Whatever else is printed goes to standard error."""
import json
import os
import sys
import time

_answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def receive():
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    return json.loads(line)


def answer(value):
    print(json.dumps(value), file=_answers, flush=True)


def clocks():
    return time.perf_counter(), time.process_time()


def since(began):
    """Seconds since clocks() gave `began`: passed, and used by all threads."""
    now = clocks()
    return {"seconds": now[0] - began[0], "processor": now[1] - began[1]}


def versions():
    import torch
    import transformers

    return {"python": sys.version.split()[0], "torch": torch.__version__, "transformers": transformers.__version__}


def load(directory):
    """The model and tokenizer of a Hugging Face directory in float32."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(directory)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model, tokenizer
