"""Grades JSON lines {"response", "answer"} with math-verify, as its README does: {"correct", "seconds"} a line.

Seconds are of processor time, and its limit of 5 seconds a step is raised to 60, so that what else runs on the machine
changes no verdict.
"""
import json
import sys
import time

from math_verify import parse, verify

LIMIT = 60


def grade(response: str, answer: str) -> bool:
    gold = parse("$" + answer + "$", parsing_timeout=LIMIT)
    return bool(verify(gold, parse(response, parsing_timeout=LIMIT), timeout_seconds=LIMIT))


pairs = [json.loads(line) for line in sys.stdin if line.strip()]
# Importing and the first parser are a cost of starting.
grade("$2$", "1")
for pair in pairs:
    start = time.process_time()
    try:
        correct = grade(pair["response"], pair["answer"])
    except Exception:
        correct = False
    print(json.dumps({"correct": correct, "seconds": time.process_time() - start}))
