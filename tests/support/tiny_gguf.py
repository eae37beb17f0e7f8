"""Write a tiny random llama GGUF: two layers, ChatML, half a megabyte. It writes noise, but truly.

Enough to test everything about an engine that does not need sense in the text. The `gguf` package
writes the file; the sizes are those that were measured to work in the bundled llama.cpp.
"""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

DIM, LAYERS, HEADS, FEED_FORWARD = 64, 2, 4, 128
WORDS = """
the a of and to in was her his it that with on for they at old house door key river light
night morning letter garden fox ship king road stone story girl boy sea wind snow song bread
she he ran saw found opened closed took kept lost said asked told knew loved feared slept
""".split()  # noqa: SIM905
CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] "
    "+ '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|im_start|>assistant\n' }}{% endif %}"
)


LONG = 32_768  # tokens: half a minute's work on an idle machine, so that no text ends by surprise
LONG_TEXT = 24_000  # of a context of LONG, on any server


def write_tiny_gguf(
    path: Path, *, seed: int = 1, context: int = 4096, spread: float = 2.5, name: str = "tiny"
) -> Path:
    """Write the model and return its path; `spread` is the scale of the output weights."""
    tokens, kinds = _vocabulary()
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name(name)
    writer.add_context_length(context)
    writer.add_embedding_length(DIM)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(DIM // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    _add_tokenizer(writer, tokens, kinds)
    for tensor, values in _tensors(np.random.default_rng(seed), len(tokens), spread).items():
        writer.add_tensor(tensor, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _vocabulary() -> tuple[list[bytes], list[int]]:
    kind = gguf.TokenType
    tokens = [(b"<unk>", kind.UNKNOWN), (b"<s>", kind.CONTROL), (b"</s>", kind.CONTROL)]
    tokens += [(f"<0x{byte:02X}>".encode(), kind.BYTE) for byte in range(256)]
    tokens += [(b"<|im_start|>", kind.CONTROL), (b"<|im_end|>", kind.CONTROL)]
    tokens += [("\u2581".encode(), kind.NORMAL)]
    tokens += [(chr(code).encode(), kind.NORMAL) for code in range(33, 127)]
    tokens += [(("\u2581" + word).encode(), kind.NORMAL) for word in WORDS]
    return [text for text, _ in tokens], [int(which) for _, which in tokens]


def _add_tokenizer(writer: gguf.GGUFWriter, tokens: list[bytes], kinds: list[int]) -> None:
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([-float(i) for i in range(len(tokens))])
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(tokens.index(b"<|im_end|>"))
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(CHATML)


def _tensors(rng: np.random.Generator, vocabulary: int, spread: float) -> dict[str, np.ndarray]:
    def normal(*shape: int, scale: float) -> np.ndarray:
        return (rng.standard_normal(shape) * scale).astype(np.float32)

    ones = np.ones(DIM, dtype=np.float32)
    found = {
        "token_embd.weight": normal(vocabulary, DIM, scale=1.0),
        "output_norm.weight": ones,
        "output.weight": normal(vocabulary, DIM, scale=spread / DIM**0.5),
    }
    for layer in range(LAYERS):
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            found[f"blk.{layer}.{part}.weight"] = normal(DIM, DIM, scale=DIM**-0.5)
        found[f"blk.{layer}.attn_norm.weight"] = found[f"blk.{layer}.ffn_norm.weight"] = ones
        found[f"blk.{layer}.ffn_gate.weight"] = normal(FEED_FORWARD, DIM, scale=DIM**-0.5)
        found[f"blk.{layer}.ffn_up.weight"] = normal(FEED_FORWARD, DIM, scale=DIM**-0.5)
        found[f"blk.{layer}.ffn_down.weight"] = normal(DIM, FEED_FORWARD, scale=FEED_FORWARD**-0.5)
    return found
