#!/usr/bin/env python3
"""Peers of the kernels benchmarks, in their own language, as records of the same file format.

    python peers.py >> records.jsonl          # append to a file of `weighbridge kernels run`

Every peer that is not installed, or has no GPU to run on, becomes a skipped record with the reason;
nothing here fails because something is missing. Standard library only, until a peer is imported.

CPU: numpy and torch (gather, C4), torch (attention, C7), vLLM's and SGLang's block hashes and the
former by hashlib with cbor2 (C1).
GPU: torch (matrix product G0, index_select G1, scaled_dot_product_attention G5), Triton (gather, G1),
FlashInfer (merge_state G6), vLLM's custom operations (merge_attn_states G6).
"""

import argparse
import importlib
import sys

import hashes
import on_cpu
from records import SEED, header, measured, need, not_installed, on_device, on_host, record, skipped, version


def numpy_gather(budget_s):
    np = need("numpy", "C4")
    if np is None:
        return
    rng = np.random.default_rng(SEED)
    total = 128 << 20
    for block in (4 << 10, 16 << 10, 32 << 10, 256 << 10, 2 << 20):
        count = total // block
        pool = rng.integers(0, 255, size=(count, block), dtype=np.uint8)
        order = rng.permutation(count)
        out = np.full_like(pool, 0xAA)
        spent = on_host(lambda: np.take(pool, order, axis=0, out=out, mode="clip"), budget_s)
        right = all((out[i] == pool[order[i]]).all() for i in range(0, count, max(1, count // 64)))
        config = {"op": "gather", "stores": "numpy", "block_bytes": block, "threads": 1, "order": "shuffled"}
        work = {"bytes": total, "blocks": count}
        record("C4", version(np, "numpy"), config, measured(spent, work, "cold", right, "bit-exact on sampled blocks"))


def torch_peers(budget_s):
    torch = need("torch", "G1")
    if torch is None:
        for bench in ("G0", "G5"):
            not_installed(bench, "torch")
        not_installed("G1", "triton")
        return None
    if not torch.cuda.is_available():
        for bench in ("G0", "G1", "G5"):
            skipped(bench, version(torch, "torch"), "no_device")
        triton = need("triton", "G1")
        if triton is not None:
            skipped("G1", version(triton, "triton"), "no_device")
        return None
    torch.manual_seed(SEED)
    l2 = getattr(torch.cuda.get_device_properties(0), "L2_cache_size", 64 << 20)
    sweep = torch.empty(2 * l2, dtype=torch.uint8, device="cuda")
    torch_product(torch, budget_s, sweep)
    torch_gather(torch, budget_s, sweep)
    torch_attention(torch, budget_s, sweep)
    triton_gather(torch, budget_s, sweep)
    return torch, sweep


def torch_product(torch, budget_s, sweep):
    """What the device's fastest products reach: wgmma where there is one."""
    n = 8192
    a, b = (torch.randn(n, n, dtype=torch.bfloat16, device="cuda") for _ in range(2))
    out = torch.full((n, n), float("nan"), dtype=torch.bfloat16, device="cuda")
    spent = on_device(torch, lambda: torch.matmul(a, b, out=out), budget_s, sweep)
    want = a[:1].double() @ b.double()
    right = bool((out[:1].double() - want).norm() <= 5e-3 * want.norm())
    config = {"what": "matmul", "n": n}
    record("G0", version(torch, "torch"), config, measured(spent, {"flops": 2 * n**3}, "cold", right, "f64 on one row"))


def torch_gather(torch, budget_s, sweep):
    row = 1024
    for block in (1, 16, 64, 128):
        blocks = 8192 // block
        pool = torch.randn(2 * blocks, block * row, dtype=torch.bfloat16, device="cuda")
        table = torch.randperm(2 * blocks, device="cuda")[:blocks]
        out = torch.full((blocks, block * row), float("nan"), dtype=torch.bfloat16, device="cuda")
        spent = on_device(torch, lambda: torch.index_select(pool, 0, table, out=out), budget_s, sweep)
        right = bool((out == pool[table]).all())
        config = {"block": block, "prefix": 8192, "order": "shuffled"}
        work = {"bytes": 2 * 2 * blocks * block * row, "tokens": 8192, "blocks": blocks}
        record("G1", version(torch, "torch"), config, measured(spent, work, "cold", right, "bit-exact"))


def torch_attention(torch, budget_s, sweep):
    """Suffix over prefix by scaled_dot_product_attention on gathered KV (the gather is not in the time)."""
    d, kv_heads = 128, 8
    for prefix in (1024, 8192):
        for suffix in (16, 256, 1024):
            for group in (4, 8):
                keys = prefix + suffix
                q = torch.randn(1, kv_heads * group, suffix, d, dtype=torch.bfloat16, device="cuda")
                k, v = (torch.randn(1, kv_heads, keys, d, dtype=torch.bfloat16, device="cuda") for _ in range(2))
                mask = torch.ones(suffix, keys, dtype=torch.bool, device="cuda").tril(prefix)
                sdpa = torch.nn.functional.scaled_dot_product_attention
                op = lambda: sdpa(q, k, v, attn_mask=mask, enable_gqa=True)
                spent = on_device(torch, op, budget_s, sweep)
                wide = [x.double() for x in (q[:, :1, -1:], k[:, :1], v[:, :1])]
                scores = (wide[0] @ wide[1].transpose(-1, -2)) / d**0.5
                want = scores.softmax(-1) @ wide[2]
                got = op()[:, :1, -1:].double()
                right = bool((got - want).norm() <= 5e-3 * want.norm())
                pairs = suffix * prefix + suffix * (suffix + 1) / 2
                work = {"flops": 4 * kv_heads * group * d * pairs, "tokens": suffix}
                config = {"prefix": prefix, "suffix": suffix, "block": 16, "group": group}
                record("G5", version(torch, "torch") + " SDPA, gathered", config,
                       measured(spent, work, "cold", right, "f64 on one row"))


def triton_gather(torch, budget_s, sweep):
    triton = need("triton", "G1")
    if triton is None:
        return
    tl = importlib.import_module("triton.language")
    # Triton reads a kernel's source from its file, and `tl` from the module's globals.
    globals()["tl"] = tl
    kernel = triton.jit(_gather_kernel)
    row, block = 1024, 16
    blocks = 8192 // block
    pool = torch.randn(2 * blocks, block * row, dtype=torch.bfloat16, device="cuda")
    table = torch.randperm(2 * blocks, device="cuda")[:blocks].int()
    out = torch.full((blocks, block * row), float("nan"), dtype=torch.bfloat16, device="cuda")
    op = lambda: kernel[(blocks, block * row // 2048)](out, pool, table, block * row, 2048)
    spent = on_device(torch, op, budget_s, sweep)
    right = bool((out == pool[table.long()]).all())
    config = {"block": block, "prefix": 8192, "order": "shuffled"}
    work = {"bytes": 2 * 2 * blocks * block * row, "tokens": 8192, "blocks": blocks}
    record("G1", version(triton, "triton"), config, measured(spent, work, "cold", right, "bit-exact"))


def _gather_kernel(out, pool, table, page, PIECE: "tl.constexpr"):  # noqa: F821
    b = tl.program_id(0)  # noqa: F821
    at = tl.program_id(1) * PIECE + tl.arange(0, PIECE)  # noqa: F821
    from_ = tl.load(table + b).to(tl.int64) * page  # noqa: F821
    tl.store(out + b.to(tl.int64) * page + at, tl.load(pool + from_ + at))  # noqa: F821


def merge_peers(cuda, budget_s):
    """FlashInfer keeps logs in base 2, vLLM in base e; each is given what it wants."""
    for package in ("flashinfer", "vllm"):
        module = need(package, "G6")
        if module is None:
            continue
        by = version(module, package)
        if cuda is None:
            skipped("G6", by, "no_device")
            continue
        torch, sweep = cuda
        for tokens in (1, 256):
            shape = (tokens, 32, 128)
            va, vb = (torch.randn(shape, dtype=torch.bfloat16, device="cuda") for _ in range(2))
            la, lb = (4 * torch.randn(shape[:2], dtype=torch.float32, device="cuda") for _ in range(2))
            try:
                op = merge_op(torch, package, module, va, la, vb, lb)
                got = op()
                spent = on_device(torch, op, budget_s, sweep)
            except Exception as error:  # another version of the peer, another signature
                skipped("G6", by, {"io": {"message": f"{type(error).__name__}: {error}"}})
                break
            w = torch.softmax(torch.stack([la, lb]).double(), 0).unsqueeze(-1)
            want = w[0] * va.double() + w[1] * vb.double()
            right = bool((got.double() - want).norm() <= 5e-3 * want.norm())
            work = {"bytes": tokens * 32 * (3 * 128 * 2 + 3 * 4)}
            config = {"tokens": tokens, "heads": 32, "width": 128}
            record("G6", by, config, measured(spent, work, "cold", right, "f64"))


def merge_op(torch, package, module, va, la, vb, lb):
    if package == "flashinfer":
        base2 = [x * 1.4426950408889634 for x in (la, lb)]
        return lambda: module.merge_state(va, base2[0], vb, base2[1])[0]
    ops = importlib.import_module("vllm._custom_ops")
    out = torch.empty_like(va)
    a, b = la.t().contiguous(), lb.t().contiguous()

    def run():
        ops.merge_attn_states(out, va, a, vb, b)
        return out

    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budget-ms", type=float, default=200, help="time for each configuration")
    args = parser.parse_args()
    budget_s = args.budget_ms / 1e3
    header()
    hashes.run(budget_s)
    numpy_gather(budget_s)
    on_cpu.run(budget_s)
    cuda = torch_peers(budget_s)
    merge_peers(cuda, budget_s)
    return 0


if __name__ == "__main__":
    sys.exit(main())
