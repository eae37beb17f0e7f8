"""Write the demo model as GGUF, with a model card and reference log-probabilities.

    python tools/demo_model/export.py --run /tmp/demo-run --out src/sampler_bench/demo_model

`reference_logits.npz`, for P prompts and N greedy positions each:
    prompt_<p>        (n,) ids of `<s><|user|>PROMPT<|assistant|>`
    answer_<p>        (N,) greedy ids of the float32 model
    top_ids           (P, N, K) the K most likely ids at each position, most likely first
    top_logprobs      (P, N, K) their natural log-probabilities, float16
"""

from __future__ import annotations

import argparse
import json
from hashlib import sha256
from pathlib import Path

import gguf
import numpy as np
import torch
from model import Llama, Shape
from tokenizers import Tokenizer
from train import ASSISTANT, BOS, EOS, SPECIALS, USER

from sampler_bench.tasks._demo.prompts import FIXED

TYPES = {
    "f32": (gguf.LlamaFileType.ALL_F32, gguf.GGMLQuantizationType.F32),
    "f16": (gguf.LlamaFileType.MOSTLY_F16, gguf.GGMLQuantizationType.F16),
    "q8_0": (gguf.LlamaFileType.MOSTLY_Q8_0, gguf.GGMLQuantizationType.Q8_0),
}
POSITIONS, TOP = 32, 20
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}"
    "{% if m['role'] == 'user' %}<|user|>{{ m['content'] }}<|assistant|>"
    "{% elif m['role'] == 'assistant' %}{{ m['content'] }}{{ eos_token }}{% endif %}{% endfor %}"
)
NAMES = {
    "attn_norm": "attn_norm",
    "ffn_norm": "ffn_norm",
    "q": "attn_q",
    "k": "attn_k",
    "v": "attn_v",
    "o": "attn_output",
    "gate": "ffn_gate",
    "up": "ffn_up",
    "down": "ffn_down",
}


def gguf_name(name: str) -> str:
    """A parameter's name in a `llama` GGUF."""
    if name.startswith("blocks."):
        _, block, part, _ = name.split(".")
        return f"blk.{block}.{NAMES[part]}.weight"
    return {"embed.weight": "token_embd.weight", "norm.weight": "output_norm.weight"}[name]


def write_gguf(model: Llama, tokenizer: Path, kind: str, out: Path) -> None:
    """Write one GGUF. Norms stay float32; the embedding is tied, so there is no output.weight."""
    file_type, tensor_type = TYPES[kind]
    writer = gguf.GGUFWriter(str(out), "llama")
    _describe(writer, model.shape, file_type)
    _add_tokens(writer, json.loads(tokenizer.read_text())["model"])
    for name, p in model.named_parameters():
        data = p.detach().numpy()
        if p.ndim == 1:
            writer.add_tensor(gguf_name(name), data)
        else:
            raw = gguf.quants.quantize(data, tensor_type)
            writer.add_tensor(gguf_name(name), raw, raw_dtype=tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _describe(writer: gguf.GGUFWriter, s: Shape, file_type: gguf.LlamaFileType) -> None:
    writer.add_name("sampler-bench demo")
    writer.add_license("MIT")
    writer.add_file_type(file_type)
    writer.add_vocab_size(s.vocab)
    writer.add_context_length(s.context)
    writer.add_embedding_length(s.width)
    writer.add_block_count(s.layers)
    writer.add_feed_forward_length(s.hidden)
    writer.add_head_count(s.heads)
    writer.add_head_count_kv(s.heads)
    writer.add_rope_dimension_count(s.width // s.heads)
    writer.add_rope_freq_base(s.rope_base)
    writer.add_layer_norm_rms_eps(s.epsilon)


def _add_tokens(writer: gguf.GGUFWriter, bpe: dict) -> None:
    tokens = sorted(bpe["vocab"], key=bpe["vocab"].get)
    types = [gguf.TokenType.CONTROL if t in SPECIALS else gguf.TokenType.NORMAL for t in tokens]
    merges = [m if isinstance(m, str) else " ".join(m) for m in bpe["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(EOS)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(TEMPLATE)


@torch.no_grad()
def reference(model: Llama, tokenizer: Tokenizer) -> dict[str, np.ndarray]:
    """Greedy answers of the float32 model and its most likely ids at each position."""
    arrays: dict[str, np.ndarray] = {}
    tops = []
    for i, prompt in enumerate(FIXED):
        ids = [BOS, USER, *tokenizer.encode(prompt).ids, ASSISTANT]
        arrays[f"prompt_{i}"] = np.array(ids, dtype=np.int32)
        answer = []
        for _ in range(POSITIONS):
            logp = model(torch.tensor([ids + answer]))[0, -1].log_softmax(-1)
            tops.append(logp.topk(TOP))
            answer.append(int(logp.argmax()))
        arrays[f"answer_{i}"] = np.array(answer, dtype=np.int32)
    shape = (len(FIXED), POSITIONS, TOP)
    ids_, values = (torch.stack([t[j] for t in tops]).reshape(shape).numpy() for j in (1, 0))
    return arrays | {
        "top_ids": ids_.astype(np.int32),
        "top_logprobs": values.astype(np.float16),
    }


def card(run: dict, gguf_path: Path) -> dict:
    """What `model.json` says."""
    keys = ("seed", "parameters", "shape", "steps", "batch", "tokens", "minutes")
    losses = ("validation_loss", "validation_rows", "last_training_loss")
    return {
        "name": "sampler-bench demo",
        "licence": "MIT",
        "file": gguf_path.name,
        "bytes": gguf_path.stat().st_size,
        "sha256": sha256(gguf_path.read_bytes()).hexdigest(),
        **{key: run[key] for key in (*keys, *losses)},
        "loss_unit": "nats per story token",
        "special_tokens": SPECIALS,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--types", nargs="+", default=["q8_0"], choices=sorted(TYPES))
    args = parser.parse_args()
    run = json.loads((args.run / "run.json").read_text())
    model = Llama(Shape(**run["shape"]))
    model.load_state_dict(torch.load(args.run / "model.pt", weights_only=True))
    tokenizer = args.run / "tokenizer.json"
    for kind in args.types:
        write_gguf(model, tokenizer, kind, args.out / f"demo-{kind}.gguf")
    arrays = reference(model, Tokenizer.from_file(str(tokenizer)))
    np.savez_compressed(args.out / "reference_logits.npz", **arrays)
    text = json.dumps(card(run, args.out / "demo-q8_0.gguf"), indent=2) + "\n"
    (args.out / "model.json").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
