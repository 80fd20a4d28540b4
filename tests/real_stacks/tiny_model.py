"""Writes a tiny Llama with random weights, as GGUF for llama.cpp and as safetensors for vLLM.

Usage: tiny_model.py FOLDER

Its text is nonsense, its scheduling, its cache for keys and values, its prefix cache and its streaming
are the server's real ones, which is what the tests are about. 5.4 million parameters, 2,048 byte-level
tokens trained on the prompts of the quickstart data, no file is downloaded. The same seed writes the
same weights.
"""

import json
import pathlib
import sys

import gguf
import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

HIDDEN, LAYERS, HEADS, KV_HEADS, INNER, VOCAB, CONTEXT = 256, 6, 8, 4, 688, 2048, 8192
HEAD = HIDDEN // HEADS
EPS, ROPE, SEED = 1e-5, 10000.0, 17
BOS, EOS = "<s>", "</s>"
TEMPLATE = (
    "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)
PROMPTS = pathlib.Path(__file__).resolve().parents[2] / "datasets/quickstart/samples.jsonl"


def texts(value):
    """All texts inside a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def tokenizer():
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trained.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB,
        special_tokens=[BOS, EOS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    with PROMPTS.open(encoding="utf-8") as lines:
        trained.train_from_iterator((t for line in lines for t in texts(json.loads(line))), trainer)
    # The servers take the size from the weights; a corpus too small for it would leave holes.
    assert trained.get_vocab_size() == VOCAB, trained.get_vocab_size()
    return trained


def weights():
    """Name in GGUF, name in safetensors, values; matrices are (out, in)."""
    rng = np.random.default_rng(SEED)

    def matrix(rows, columns):
        return (rng.standard_normal((rows, columns)) * columns**-0.5).astype(np.float16)

    ones = np.ones(HIDDEN, np.float32)
    kv = KV_HEADS * HEAD
    yield "token_embd", "model.embed_tokens", matrix(VOCAB, HIDDEN)
    for i in range(LAYERS):
        a, b = f"blk.{i}.", f"model.layers.{i}."
        yield a + "attn_norm", b + "input_layernorm", ones
        yield a + "attn_q", b + "self_attn.q_proj", matrix(HIDDEN, HIDDEN)
        yield a + "attn_k", b + "self_attn.k_proj", matrix(kv, HIDDEN)
        yield a + "attn_v", b + "self_attn.v_proj", matrix(kv, HIDDEN)
        yield a + "attn_output", b + "self_attn.o_proj", matrix(HIDDEN, HIDDEN)
        yield a + "ffn_norm", b + "post_attention_layernorm", ones
        yield a + "ffn_gate", b + "mlp.gate_proj", matrix(INNER, HIDDEN)
        yield a + "ffn_up", b + "mlp.up_proj", matrix(INNER, HIDDEN)
        yield a + "ffn_down", b + "mlp.down_proj", matrix(HIDDEN, INNER)
    yield "output_norm", "model.norm", ones
    yield "output", "lm_head", matrix(VOCAB, HIDDEN)


def write_gguf(path, trained, tensors):
    out = gguf.GGUFWriter(path, "llama")
    out.add_name("tiny")
    out.add_context_length(CONTEXT)
    out.add_embedding_length(HIDDEN)
    out.add_block_count(LAYERS)
    out.add_feed_forward_length(INNER)
    out.add_head_count(HEADS)
    out.add_head_count_kv(KV_HEADS)
    out.add_layer_norm_rms_eps(EPS)
    out.add_rope_dimension_count(HEAD)
    out.add_rope_freq_base(ROPE)
    out.add_vocab_size(VOCAB)
    model = json.loads(trained.to_str())["model"]
    names = sorted(model["vocab"], key=model["vocab"].get)
    merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    special = {BOS, EOS}
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("gpt-2")
    out.add_token_list(names)
    kinds = gguf.TokenType
    out.add_token_types([kinds.CONTROL if n in special else kinds.NORMAL for n in names])
    out.add_token_merges(merges)
    out.add_bos_token_id(model["vocab"][BOS])
    out.add_eos_token_id(model["vocab"][EOS])
    out.add_chat_template(TEMPLATE)
    for name, _, values in tensors:
        out.add_tensor(name + ".weight", values)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def write_safetensors(folder, trained, tensors):
    """The format is a length, a JSON table and the bytes: no package is needed for it."""
    folder.mkdir(exist_ok=True)
    table, blobs, at = {}, [], 0
    for _, name, values in tensors:
        values = values.astype(np.float16)
        table[name + ".weight"] = {
            "dtype": "F16",
            "shape": list(values.shape),
            "data_offsets": [at, at + values.nbytes],
        }
        blobs.append(values.tobytes())
        at += values.nbytes
    head = json.dumps(table).encode()
    head += b" " * (-len(head) % 8)
    with (folder / "model.safetensors").open("wb") as out:
        out.write(len(head).to_bytes(8, "little") + head)
        out.writelines(blobs)
    ids = trained.get_vocab()
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": HIDDEN,
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS,
        "head_dim": HEAD,
        "hidden_act": "silu",
        "max_position_embeddings": CONTEXT,
        "rms_norm_eps": EPS,
        "rope_theta": ROPE,
        "vocab_size": VOCAB,
        "bos_token_id": ids[BOS],
        "eos_token_id": ids[EOS],
        "tie_word_embeddings": False,
        "torch_dtype": "float16",
    }
    spoken = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": BOS,
        "eos_token": EOS,
        "model_max_length": CONTEXT,
        "chat_template": TEMPLATE,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    (folder / "tokenizer_config.json").write_text(json.dumps(spoken, indent=1))
    trained.save(str(folder / "tokenizer.json"))


def main():
    folder = pathlib.Path(sys.argv[1])
    trained, tensors = tokenizer(), list(weights())
    write_gguf(folder / "tiny.gguf", trained, tensors)
    write_safetensors(folder / "tiny-llama", trained, tensors)


main()
