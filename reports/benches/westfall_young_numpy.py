"""The Westfall-Young problem of `stats.rs` in vectorised numpy, for a side-by-side time.

Usage: python westfall_young_numpy.py [ITEMS SLICES FLIPS] [--all-items]

Losses under every flip are one matrix product of random signs with slice membership, restricted to
the discordant items as in the Rust version; with --all-items every item gets a sign, as the textbook
procedure has it. Then exact binomial tails are looked up and the minimum
over slices is compared with the observed p-values. Needs numpy only.
"""

import sys
import time

import numpy as np


def scramble(i):
    """The fixed pseudo-random assignment of `stats.rs`, on uint64 arrays."""
    with np.errstate(over="ignore"):
        x = i + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


def problem(items, slices):
    """Differences and a list of member indices for each slice."""
    index = np.arange(items, dtype=np.uint64)
    code = scramble(index) % np.uint64(100)
    d = np.where(code < 3, 1, np.where(code < 6, -1, 0))
    rows = [np.arange(items)]
    for s in range(1, slices):
        key = scramble(index ^ (np.uint64(s) << np.uint64(40)))
        rows.append(np.flatnonzero(key % np.uint64(10) == 0))
    return d, rows


def tails(n):
    """P(Bin(n, 1/2) >= k) for k = 0..n."""
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    k = np.arange(n + 1)
    pmf = np.exp(log_factorial[n] - log_factorial[k] - log_factorial[n - k] - n * np.log(2.0))
    return np.minimum(np.cumsum(pmf[::-1])[::-1], 1.0)


def westfall_young(d, rows, flips, seed, chunk=1000, all_items=False):
    """Single-step adjusted p-values."""
    discordant = np.arange(d.size) if all_items else np.flatnonzero(d)
    rank = np.full(d.size, -1)
    rank[discordant] = np.arange(discordant.size)
    members = np.zeros((discordant.size, len(rows)), dtype=np.float32)
    for s, row in enumerate(rows):
        hit = rank[row]
        members[hit[hit >= 0], s] = 1.0
    members *= (d[discordant] != 0)[:, None]
    sizes = members.sum(axis=0).astype(int)
    tables = [tails(n) for n in sizes]
    losses = ((d[discordant] < 0).astype(np.float32) @ members).astype(int)
    raw = np.array([table[count] for table, count in zip(tables, losses)])
    rng = np.random.default_rng(seed)
    hits = np.zeros(len(rows), dtype=np.int64)
    for start in range(0, flips, chunk):
        size = min(chunk, flips - start)
        signs = rng.integers(0, 2, size=(size, discordant.size), dtype=np.int8).astype(np.float32)
        counts = np.rint(signs @ members).astype(int)
        p = np.stack([table[counts[:, s]] for s, table in enumerate(tables)], axis=1)
        smallest = np.sort(p.min(axis=1))
        hits += np.searchsorted(smallest, raw * (1 + 1e-9), side="right")
    return raw, (hits + 1) / (flips + 1)


def main():
    """Times one problem."""
    numbers = [int(a) for a in sys.argv[1:] if not a.startswith("--")]
    items, slices, flips = numbers or (14037, 57, 10000)
    all_items = "--all-items" in sys.argv
    d, rows = problem(items, slices)
    start = time.perf_counter()
    raw, adjusted = westfall_young(d, rows, flips, 1, all_items=all_items)
    seconds = time.perf_counter() - start
    print(f"{items} items x {slices} slices x {flips} flips: {seconds:.3f} s")
    print(f"smallest p {raw.min():.4g}, adjusted {adjusted.min():.4g}")


if __name__ == "__main__":
    main()
