"""torch on the CPU: gathering blocks (C4) and attention (C7)."""

from records import SEED, measured, need, not_installed, on_host, record, version


def run(budget_s):
    torch = need("torch", "C4")
    if torch is None:
        not_installed("C7", "torch")
        return
    torch.manual_seed(SEED)
    all_threads = torch.get_num_threads()
    for threads in sorted({1, all_threads}):
        torch.set_num_threads(threads)
        gather(torch, threads, budget_s)
    torch.set_num_threads(all_threads)
    attention(torch, budget_s)


def gather(torch, threads, budget_s):
    total = 128 << 20
    for block in (4 << 10, 16 << 10, 32 << 10, 256 << 10, 2 << 20):
        count = total // block
        pool = torch.randint(0, 255, (count, block), dtype=torch.uint8)
        order = torch.randperm(count)
        out = torch.full_like(pool, 0xAA)
        spent = on_host(lambda: torch.index_select(pool, 0, order, out=out), budget_s)
        right = all(bool((out[i] == pool[order[i]]).all()) for i in range(0, count, max(1, count // 64)))
        config = {"op": "gather", "stores": "torch", "block_bytes": block, "threads": threads, "order": "shuffled"}
        work = {"bytes": total, "blocks": count}
        record("C4", version(torch, "torch"), config, measured(spent, work, "cold", right, "bit-exact on sampled blocks"))


def attention(torch, budget_s):
    """In f32, all threads: what ours is not. Ours is an oracle and says so."""
    q_heads, kv_heads, d, suffix = 8, 2, 64, 16
    for prefix in (256, 1024):
        keys = prefix + suffix
        q = torch.randn(1, q_heads, suffix, d)
        k, v = (torch.randn(1, kv_heads, keys, d) for _ in range(2))
        mask = torch.ones(suffix, keys, dtype=torch.bool).tril(prefix)
        sdpa = torch.nn.functional.scaled_dot_product_attention
        op = lambda: sdpa(q, k, v, attn_mask=mask, enable_gqa=True)
        spent = on_host(op, budget_s)
        wide = [x.double().repeat_interleave(q_heads // x.shape[1], 1) for x in (q, k, v)]
        scores = (wide[0] @ wide[1].transpose(-1, -2)) / d**0.5
        want = scores.masked_fill(~mask, float("-inf")).softmax(-1) @ wide[2]
        right = bool((op().double() - want).norm() <= 1e-5 * want.norm())
        pairs = suffix * prefix + suffix * (suffix + 1) / 2
        config = {"q_heads": q_heads, "kv_heads": kv_heads, "head": d, "prefix": prefix, "suffix": suffix}
        record("C7", version(torch, "torch") + " SDPA, f32", config,
               measured(spent, {"flops": 4 * q_heads * d * pairs}, "hot", right, "f64"))
