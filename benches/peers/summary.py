#!/usr/bin/env python3
"""Medians over rounds and their ratios, as Markdown tables: summary.py RESULTS.jsonl"""

import json
import statistics
import sys
from collections import defaultdict

rounds = defaultdict(list)
for line in open(sys.argv[1]):
    entry = json.loads(line)
    rounds[entry["name"], entry["S"]].append(entry["seconds"])
median = {key: statistics.median(values) for key, values in rounds.items()}
SETS = [name for name in ("baseline", "AVX2+FMA", "AVX-512") if (f"ours {name} fma", 33) in median]


def ours(instructions, what, s):
    return median[f"ours {instructions} {what}", s]


print(f"rounds: {max(map(len, rounds.values()))}\n")
print("| S | instructions | FMA G/s | L2 GB/s | new array M/s | % of FMA limit | array in place M/s | % of FMA limit | accounts M/s | % of L2 | "
      "tick µs | one account ns | fill ns | 20-position reprice µs | implied vol ns |")
print("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")
for s in (33, 1000):
    padded = 8 * ((s + 8) // 8)
    for i in SETS:
        m = lambda what: ours(i, what, s)
        print(f"| {s} | {i} | {1e-9 / m('fma'):.1f} | {1e-9 / m('l2_byte'):.0f} | {1e-6 / m('array'):.0f} | "
              f"{100 * 47.5 * m('fma') / m('array'):.0f} | {1e-6 / m('array_again'):.0f} | "
              f"{100 * 47.5 * m('fma') / m('array_again'):.0f} | {1e-6 / m('account'):.2f} | "
              f"{100 * 160 * padded * m('l2_byte') / m('account'):.0f} | {1e6 * m('tick'):.1f} | "
              f"{1e9 * m('one_account'):.0f} | {1e9 * m('fill'):.1f} | {1e6 * m('full_reprice'):.2f} | "
              f"{1e9 * m('implied_vol'):.1f} |")
print("\n| peer | S | M/s | " + " | ".join(f"ours {i}" for i in SETS) + " |")
print("|---|---|---|" + "---|" * len(SETS))
for (name, s), seconds in median.items():
    if not name.startswith("ours ") and not name.endswith(" es"):
        what = name.split()[-1]
        ratios = " | ".join(f"{seconds / ours(i, what, s):.1f}×" for i in SETS)
        print(f"| {name} | {s} | {1e-6 / seconds:.3g} | {ratios} |")
print("\n| expected shortfall, 500 options × 10,000 paths revalued | ms | " +
      " | ".join(f"ours {i}" for i in SETS) + " |")
print("|---|---|" + "---|" * len(SETS))
print("| ours | | " + " | ".join(f"{1e3 * ours(i, 'es', 10000):.1f} ms" for i in SETS) + " |")
for (name, s), seconds in median.items():
    if name.endswith(" es") and not name.startswith("ours "):
        ratios = " | ".join(f"{seconds / ours(i, 'es', s):.1f}×" for i in SETS)
        print(f"| {name.removesuffix(' es')} | {1e3 * seconds:.0f} | {ratios} |")
