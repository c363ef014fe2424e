"""Grades JSON lines {"response", "answer"} with math-verify, as its README does; prints one verdict a line, then the time.

    python peer.py < pairs.jsonl
"""
import json
import sys
import time

from math_verify import parse, verify

pairs = [json.loads(line) for line in sys.stdin]
parse("$1$"), verify(parse("$1$"), parse("$2$"))
verdicts = []
start = time.perf_counter()
for pair in pairs:
    try:
        gold = parse("$" + pair["answer"] + "$")
        verdicts.append(bool(verify(gold, parse(pair["response"]))))
    except Exception:
        verdicts.append(False)
seconds = time.perf_counter() - start
for verdict in verdicts:
    print(json.dumps(verdict))
print(json.dumps({"seconds": seconds}))
