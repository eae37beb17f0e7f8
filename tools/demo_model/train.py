"""Train the demo model from scratch: one run, one recipe, fixed before it starts.

    python tools/demo_model/train.py --out /tmp/demo-run

Writes `tokenizer.json`, `model.pt` and `run.json` (loss, tokens, minutes, seed) into --out. Needs
torch and tokenizers (see README.md here); the package itself needs neither.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from random import Random

import torch
from model import Llama, Shape
from muon import Muon
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor
from torch.nn import functional as fn

from sampler_bench.tasks._demo import read_prompt, write
from sampler_bench.tasks._demo.prompts import draw_prompt

SEED = 20_261
STEPS = 1000
BATCH = 16
CHUNK = 100 * BATCH  # rows sorted by length together
WARM_UP, DECAY_FROM = 60, 0.45
LR_MATRIX, LR_VECTOR = 0.02, 3e-3
SPECIALS = ["<s>", "</s>", "<|user|>", "<|assistant|>"]
BOS, EOS, USER, ASSISTANT = range(4)
IGNORE = -100


def rows(seed: int) -> Iterator[tuple[str, str]]:
    """Endless (prompt, story) pairs; every story is new."""
    rng = Random(seed)
    while True:
        prompt = draw_prompt(rng)
        yield prompt, write(read_prompt(prompt), rng)


def train_tokenizer(vocab: int) -> Tokenizer:
    """Byte-level BPE on 20,000 stories and their prompts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab,
        special_tokens=SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    source = rows(SEED + 1)
    texts = [text for _ in range(20_000) for text in next(source)]
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def encode(tokenizer: Tokenizer, pairs: list[tuple[str, str]]) -> list[list[int]]:
    """Rows of ids: <s><|user|>PROMPT<|assistant|>STORY</s>."""
    ids = [e.ids for e in tokenizer.encode_batch([t for pair in pairs for t in pair])]
    both = zip(ids[::2], ids[1::2], strict=True)
    return [[BOS, USER, *prompt, ASSISTANT, *story, EOS] for prompt, story in both]


def batches(tokenizer: Tokenizer, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless (input, target) batches of rows of near-equal length."""
    source, rng = rows(seed), Random(seed)
    while True:
        chunk = encode(tokenizer, [next(source) for _ in range(CHUNK)])
        chunk.sort(key=len)
        parts = [chunk[i : i + BATCH] for i in range(0, CHUNK, BATCH)]
        rng.shuffle(parts)
        yield from map(pad, parts)


def pad(part: list[list[int]]) -> tuple[Tensor, Tensor]:
    """Pad to a multiple of 32, and take the loss on the story alone."""
    n = -(-(max(map(len, part)) - 1) // 32) * 32
    x, y = torch.zeros(len(part), n, dtype=torch.long), torch.full((len(part), n), IGNORE)
    for i, ids in enumerate(part):
        x[i, : len(ids) - 1] = torch.tensor(ids[:-1])
        first = ids.index(ASSISTANT)
        y[i, first : len(ids) - 1] = torch.tensor(ids[first + 1 :])
    return x, y


def loss_of(model: Llama, x: Tensor, y: Tensor) -> Tensor:
    """Mean loss in nats per token."""
    return fn.cross_entropy(model(x).flatten(0, 1).float(), y.flatten(), ignore_index=IGNORE)


@torch.no_grad()
def validate(model: Llama, held_out: list[tuple[Tensor, Tensor]]) -> float:
    """Loss in nats per story token over held-out rows."""
    counts = [int((y != IGNORE).sum()) for _, y in held_out]
    losses = [float(loss_of(model, x, y)) for x, y in held_out]
    return sum(n * v for n, v in zip(counts, losses, strict=True)) / sum(counts)


def rate_at(step: int) -> float:
    """Warm up, hold, fall to zero in a line."""
    if step < WARM_UP:
        return (step + 1) / WARM_UP
    done = step / STEPS
    return 1.0 if done < DECAY_FROM else max(0.0, (1 - done) / (1 - DECAY_FROM))


def optimisers(model: Llama) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the blocks, AdamW for embedding and norms."""
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    rest = [p for n, p in model.named_parameters() if p.ndim == 1 or "embed" in n]
    return [
        Muon(matrices, LR_MATRIX),
        torch.optim.AdamW(rest, lr=LR_VECTOR, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=STEPS, help="stop early, to measure speed")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(args.threads)
    torch.manual_seed(SEED)
    shape = Shape()
    tokenizer = train_tokenizer(shape.vocab)
    tokenizer.save(str(args.out / "tokenizer.json"))
    source = batches(tokenizer, SEED + 2)
    held_out = [next(source) for _ in range(16)]
    model = Llama(shape)
    opts = optimisers(model)
    base = [opt.param_groups[0]["lr"] for opt in opts]
    start, tokens, log = time.monotonic(), 0, []
    for step in range(args.steps):
        x, y = next(source)
        loss = loss_of(model, x, y)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(opts[1].param_groups[0]["params"]), 1.0)
        for opt, lr in zip(opts, base, strict=True):
            opt.param_groups[0]["lr"] = lr * rate_at(step)
            opt.step()
            opt.zero_grad(set_to_none=True)
        tokens += int((y != IGNORE).sum())
        if step % 25 == 0 or step == args.steps - 1:
            minutes = (time.monotonic() - start) / 60
            log.append({"step": step, "loss": loss.item(), "tokens": tokens, "minutes": minutes})
            print(json.dumps(log[-1]), flush=True)
    torch.save(model.state_dict(), args.out / "model.pt")
    run = {
        "seed": SEED,
        "steps": args.steps,
        "batch": BATCH,
        "tokens": tokens,
        "minutes": (time.monotonic() - start) / 60,
        "parameters": sum(p.numel() for p in model.parameters()),
        "validation_loss": validate(model, held_out),
        "validation_rows": BATCH * len(held_out),
        "last_training_loss": sum(row["loss"] for row in log[-5:]) / len(log[-5:]),
        "shape": asdict(shape),
        "log": log,
    }
    (args.out / "run.json").write_text(json.dumps(run, indent=1))
    print(json.dumps({k: v for k, v in run.items() if k != "log"}))


if __name__ == "__main__":
    main()
