"""Moments of softmax distributions with 80 decimal digits, by their definitions. Standard library only.

    python3 test/golden/entropy-moments.py > test/golden/entropy-moments.json

Logits are binary fractions, so that JavaScript reads the very same numbers. A `repeat` row is [logit, times] pairs.
"""
import json
from decimal import Decimal, getcontext

getcontext().prec = 80

cases = {
    "three tokens": [[1, 1], [0, 1], [-0.5, 1]],
    "uniform over 150,000": [[3.25, 150_000]],
    "periodic over 150,000": [[-k / 8, 1546 + (k < 38)] for k in range(97)],
    "one-hot to 1e-16": [[0, 1], [-37, 1]],
    "one-hot to 1e-30 among 150,000": [[0, 1], [-80, 149_999]],
    "a heavy tail under one peak": [[12, 1], [0, 150_000]],
    "far from zero": [[1e6 + 1, 1], [1e6, 2], [1e6 - 2, 5]],
    "flat with tiny spread": [[2.0**-20 * k, 200] for k in range(100)],
    "with impossible tokens": [[2, 1], [1, 3], ["-inf", 4]],
}

rows = []
for name, repeat in cases.items():
    finite = [(Decimal(z), n) for z, n in repeat if z != "-inf"]
    top = max(z for z, _ in finite)
    Z = sum(n * (z - top).exp() for z, n in finite)
    p = [((z - top).exp() / Z, z - top - Z.ln(), n) for z, n in finite]
    H = -sum(n * q * lq for q, lq, n in p)
    S = [(q * (H + lq), q, n) for q, lq, n in p]
    expected = sum(n * q * s for s, q, n in S)
    at_top = max(range(len(finite)), key=lambda i: finite[i][0])
    rows.append({
        "name": name,
        "repeat": repeat,
        "logZ": f"{top + Z.ln():.25e}",
        "entropy": f"{H:.25e}",
        "sumP2": f"{sum(n * q * q for q, _, n in p):.25e}",
        "sumP2LogP": f"{sum(n * q * q * lq for q, lq, n in p):.25e}",
        "expectedS": f"{expected if abs(expected) > Decimal('1e-60') else Decimal(0):.25e}",
        "sumS2": f"{sum(n * s * s for s, _, n in S):.25e}" if len(S) > 1 else "0",
        "topS": f"{S[at_top][0]:.25e}" if len(S) > 1 else "0",
        "topCentredS": f"{S[at_top][0] - expected:.25e}" if len(S) > 1 else "0",
    })
print(json.dumps(rows))
