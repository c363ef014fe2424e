"""Grades JSON lines {"response", "answer"} with math-verify, as its README does: {"correct", "seconds"} a line."""
import json
import sys
import time

from math_verify import parse, verify

pairs = [json.loads(line) for line in sys.stdin if line.strip()]
# Importing and the first parser are a cost of starting.
verify(parse("$1$"), parse("$2$"))
for pair in pairs:
    start = time.perf_counter()
    try:
        correct = bool(verify(parse("$" + pair["answer"] + "$"), parse(pair["response"])))
    except Exception:
        correct = False
    print(json.dumps({"correct": correct, "seconds": time.perf_counter() - start}))
