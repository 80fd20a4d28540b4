"""Deferral-curve metrics of 25 rankings over RouteLLM's MMLU answers, with numpy.

Computes what benches/routing.rs computes: AUC, exact APGR, APGR on 10 quantile bins and
CPT(20, 50, 80, 95 %), ties as one straight segment. Prints the same check sum and the best of
several rounds; reading the data is outside the timing.

    python routing_numpy.py DATA_FOLDER     (the folder that holds routellm/)
"""

import csv
import json
import pathlib
import sys
import time

import numpy as np

WEAK = "mistralai/Mixtral-8x7B-Instruct-v0.1"
STRONG = "gpt-4-1106-preview"
POLICIES = 25
trapezoid = getattr(np, "trapezoid", None) or np.trapz


def mixed(x):
    """SplitMix64, as in the Rust bench."""
    z = x * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def load(folder):
    mmlu = pathlib.Path(folder) / "routellm" / "routellm" / "evals" / "mmlu"
    lines = (mmlu / "contaminated_prompts.jsonl").read_text(encoding="utf-8").splitlines()
    dropped = {json.loads(line)["eval_prompt"] for line in lines if line.strip()}
    length, weak, strong = [], [], []
    for path in sorted((mmlu / "responses").glob("*.csv")):
        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["prompt"] in dropped:
                    continue
                length.append(len(row["prompt"]))
                weak.append(row[WEAK] == "True")
                strong.append(row[STRONG] == "True")
    return (np.array(x, dtype=np.float64) for x in (length, weak, strong))


def metrics(rank, weak, gain):
    n = rank.size
    order = np.argsort(-rank)
    ranked = rank[order]
    ends = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), n - 1)
    q_weak = weak.mean()
    quality = np.concatenate(([q_weak], q_weak + np.cumsum(gain[order])[ends] / n))
    calls = np.concatenate(([0], ends + 1))
    share = calls / n
    gap = quality[-1] - q_weak
    area = trapezoid(quality, share)
    total = area + (area - q_weak) / gap

    # Corner k holds everything ranked at least ranks[k - 1], by falling rank.
    ranks = ranked[ends]
    cuts = np.quantile(rank, np.linspace(0, 1, 11))
    corner = np.searchsorted(-ranks, -cuts, side="right")
    corner[-1] = np.searchsorted(-ranks, -cuts[-1], side="left")
    x, y = share[corner][::-1], quality[corner][::-1]
    span = x[-1] - x[0]
    total += (trapezoid(y, x) - q_weak * span) / (gap * span)

    highest = np.maximum.accumulate(quality)
    for part in (0.2, 0.5, 0.8, 0.95):
        target = q_weak + part * gap
        k = np.searchsorted(highest, target - 1e-12)
        rise = (target - quality[k - 1]) / (quality[k] - quality[k - 1])
        whole = np.ceil((calls[k] - calls[k - 1]) * min(max(rise, 0.0), 1.0) - 1e-9)
        total += (calls[k - 1] + max(whole, 1.0)) / n
    return total


def main():
    length, weak, strong = load(sys.argv[1])
    gain = strong - weak
    index = np.arange(weak.size, dtype=np.uint64)
    ranks = [length, gain]
    for policy in range(len(ranks), POLICIES):
        bits = mixed(np.uint64(policy * 1_000_003 + 1) + index)
        ranks.append((bits >> np.uint64(11)).astype(np.float64) / 2.0**53)
    best = float("inf")
    for _ in range(20):
        start = time.perf_counter()
        check = sum(metrics(rank, weak, gain) for rank in ranks)
        best = min(best, time.perf_counter() - start)
    print(f"n {weak.size}, {POLICIES} policies, check sum {check:.9f}, best {1e3 * best:.2f} ms")


if __name__ == "__main__":
    main()
