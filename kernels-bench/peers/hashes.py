"""Block hashes of engines, by their own functions where they are installed (C1)."""

import hashlib
import importlib
import os
import platform
import random

from records import SEED, measured, need, not_installed, on_host, record, skipped, version

LENGTHS = (4096, 32768)
BLOCKS = (16, 64)

# First and last of four blocks of 16 tokens i * 2654435761 mod 2**32 behind the seed "0": the vectors
# that the Rust implementations are tested with (src/cpu/hash/tests.rs).
VECTOR = [i * 2654435761 % 2**32 for i in range(64)]
VLLM_CBOR = (
    "7f34b2ba3111437b8daaa9d179c5011cb345bd58367eead8ee69546ceef3a3ca",
    "993adf086c97512435fa333160b83ecddd2279999e5727f08bf8da8b078600a9",
)
SGLANG_LAST = "7afe17d02a07b9ff874465378065385f21ff220a179eeb518ff49bd15dd1de1d"


def run(budget_s):
    cbor_by_definition(budget_s)
    vllm(budget_s)
    sglang(budget_s)


def grid(by, algorithm, chain, right, check, budget_s):
    """Times `chain(tokens, block)` over the grid; `right` is the verdict on the vector."""
    draw = random.Random(SEED)
    for n in LENGTHS:
        tokens = [draw.randrange(128000) for _ in range(n)]
        for block in BLOCKS:
            spent = on_host(lambda: chain(tokens, block), budget_s)
            config = {"algorithm": algorithm, "block": block, "tokens": n}
            work = {"bytes": 4 * n, "tokens": n, "blocks": n // block}
            record("C1", by, config, measured(spent, work, "hot", right, check))


def on_python(name):
    return f"{name} on Python {platform.python_version()}"


def cbor_by_definition(budget_s):
    cbor2 = need("cbor2", "C1")
    if cbor2 is None:
        return
    root = hashlib.sha256(cbor2.dumps("0", canonical=True)).digest()

    def chain(tokens, block):
        parent, out = root, []
        for i in range(0, len(tokens), block):
            message = (parent, tuple(tokens[i : i + block]), None)
            parent = hashlib.sha256(cbor2.dumps(message, canonical=True)).digest()
            out.append(parent)
        return out

    got = [h.hex() for h in chain(VECTOR, 16)]
    right = (got[0], got[-1]) == VLLM_CBOR
    grid(on_python("hashlib, cbor2"), "vllm-sha256-cbor", chain, right, "the vector of our own implementation", budget_s)


def vllm(budget_s):
    """vLLM's own functions; its chain of the vector must be ours."""
    module = need("vllm", "C1")
    if module is None:
        return
    by = on_python(version(module, "vllm"))
    # The root of all chains is the hash of this seed.
    os.environ["PYTHONHASHSEED"] = "0"
    try:
        hashing = importlib.import_module("vllm.utils.hashing")
        utils = importlib.import_module("vllm.v1.core.kv_cache_utils")
        for name, algorithm in (("sha256_cbor", "vllm-sha256-cbor"), ("sha256", "vllm-sha256-pickle")):
            function = hashing.get_hash_fn_by_name(name)
            utils.init_none_hash(function)

            def chain(tokens, block):
                parent, out = None, []
                for i in range(0, len(tokens), block):
                    parent = utils.hash_block_tokens(function, parent, tokens[i : i + block])
                    out.append(parent)
                return out

            got = [h.hex() for h in chain(VECTOR, 16)]
            if name == "sha256_cbor":
                right, check = (got[0], got[-1]) == VLLM_CBOR, "equal to our own implementation on its vector"
            else:
                right, check = len(set(got)) == 4, "one distinct hash a block; pickled, so that only Python makes it"
            grid(by, algorithm, chain, right, check, budget_s)
    except Exception as error:  # another version of the peer, another interface
        skipped("C1", by, {"io": {"message": f"{type(error).__name__}: {error}"}})


def sglang(budget_s):
    """SGLang's page hash: its own function, or its published definition where it is not installed."""
    try:
        own = importlib.import_module("sglang.srt.mem_cache.hicache_storage").get_hash_str
        by = on_python(version(importlib.import_module("sglang"), "sglang"))
    except Exception:
        not_installed("C1", "sglang")
        own, by = page_hash, on_python("SGLang's definition, hashlib")

    def chain(tokens, block):
        parent, out = None, []
        for i in range(0, len(tokens), block):
            parent = own(tokens[i : i + block], parent)
            out.append(parent)
        return out

    right = chain(VECTOR, 16)[-1] == SGLANG_LAST
    grid(by, "sglang-sha256", chain, right, "equal to our own implementation on its vector", budget_s)


def page_hash(tokens, parent):
    """SHA-256 of the parent's bytes, if any, and each token id as four little-endian bytes."""
    digest = hashlib.sha256(bytes.fromhex(parent) if parent else b"")
    for token in tokens:
        digest.update(token.to_bytes(4, "little"))
    return digest.hexdigest()
