"""Records of the kernels benchmarks, and how a peer is timed. Standard library only."""

import importlib
import json
import os
import platform
import statistics
import time

SCHEMA = 1
SEED = 7


def emit(line):
    print(json.dumps(line), flush=True)


def record(bench, by, config, outcome):
    emit({"record": {"bench": bench, "by": by, "config": config, "outcome": outcome}})


def skipped(bench, by, reason, config=None):
    record(bench, by, config or {}, {"skipped": reason})


def not_installed(bench, package):
    skipped(bench, package, {"not_installed": {"package": package}})


def need(package, bench):
    """The module, or None after saying that it is not installed."""
    try:
        return importlib.import_module(package)
    except Exception:  # a broken installation is as absent as none
        not_installed(bench, package)
        return None


def version(module, package):
    return f"{package} {getattr(module, '__version__', '')}".strip()


def quantile(ordered, q):
    at = q * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def summary(a, b):
    """Two interleaved series of one operation; the noise is the difference of their medians."""
    both = sorted(a + b)
    x, y = statistics.median(a), statistics.median(b)
    return {
        "median_ns": quantile(both, 0.5),
        "p20_ns": quantile(both, 0.2),
        "p80_ns": quantile(both, 0.8),
        "p99_ns": quantile(both, 0.99),
        "n": len(both),
        "noise_rel": abs(x - y) / min(x, y),
    }


def measured(time_, work, cache, passed, check):
    oracle = {"passed": check} if passed else {"failed": check}
    return {"measured": {"time": time_, "work": work, "cache": cache, "oracle": oracle}}


def on_host(op, budget_s):
    """Host clock, in turns, at least five samples of each series."""
    op()
    series = ([], [])
    end = time.perf_counter() + budget_s
    while len(series[1]) < 5 or time.perf_counter() < end:
        for one in series:
            start = time.perf_counter_ns()
            op()
            one.append(time.perf_counter_ns() - start)
    return summary(*series)


def on_device(torch, op, budget_s, sweep):
    """CUDA events on a stream that is not the default one; the cache is swept before each sample."""
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(3):
            op()
        stream.synchronize()
        series = ([], [])
        end = time.perf_counter() + budget_s
        while len(series[1]) < 5 or time.perf_counter() < end:
            for one in series:
                sweep.zero_()
                a = torch.cuda.Event(enable_timing=True)
                b = torch.cuda.Event(enable_timing=True)
                a.record(stream)
                op()
                b.record(stream)
                stream.synchronize()
                one.append(a.elapsed_time(b) * 1e6)
    return summary(*series)


def header():
    gpu = {"skipped": {"not_asked_for": {"option": "weighbridge kernels probe"}}}
    emit({"header": {
        "schema": SCHEMA,
        "writer": "weighbridge-kernels peers",
        "seed": SEED,
        "grid": "quick",
        "host": {"cpu": platform.processor(), "threads": os.cpu_count() or 1, "memory_bytes": 0,
                 "system": f"{platform.system().lower()}-{platform.machine()}", "features": [],
                 "llc_bytes": 0, "huge_pages": "", "virtual_machine": False},
        "gpu": gpu,
    }})
