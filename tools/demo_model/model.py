"""The demo model in PyTorch: a small Llama with llama.cpp's GGUF conventions.

RMSNorm, SwiGLU, rotary positions on interleaved pairs (as GGUF's `llama` expects), no biases, tied
embedding. Method: Touvron et al. 2023 (arXiv 2302.13971), section 2.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as fn


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the model. `context` is what the GGUF promises."""

    vocab: int = 2048
    width: int = 192
    layers: int = 4
    heads: int = 6
    hidden: int = 512
    context: int = 2048
    rope_base: float = 10_000.0
    epsilon: float = 1e-5


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


class Block(nn.Module):
    """Attention, then a gated feed-forward, each on a normed residual."""

    def __init__(self, s: Shape) -> None:
        super().__init__()
        self.heads = s.heads
        self.attn_norm = nn.RMSNorm(s.width, eps=s.epsilon)
        self.ffn_norm = nn.RMSNorm(s.width, eps=s.epsilon)
        self.q, self.k, self.v, self.o = (nn.Linear(s.width, s.width, bias=False) for _ in "qkvo")
        self.gate = nn.Linear(s.width, s.hidden, bias=False)
        self.up = nn.Linear(s.width, s.hidden, bias=False)
        self.down = nn.Linear(s.hidden, s.width, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        h = self.attn_norm(x)
        q, k, v = (
            f(h).unflatten(-1, (self.heads, -1)).transpose(1, 2) for f in (self.q, self.k, self.v)
        )
        q, k = _rotate(q, cos, sin), _rotate(k, cos, sin)
        a = fn.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.o(a.transpose(1, 2).flatten(2))
        h = self.ffn_norm(x)
        return x + self.down(fn.silu(self.gate(h)) * self.up(h))


class Llama(nn.Module):
    """Token ids (batch, time) -> logits (batch, time, vocab)."""

    def __init__(self, s: Shape) -> None:
        super().__init__()
        self.shape = s
        self.embed = nn.Embedding(s.vocab, s.width)
        self.blocks = nn.ModuleList(Block(s) for _ in range(s.layers))
        self.norm = nn.RMSNorm(s.width, eps=s.epsilon)
        self._start()

    def _start(self) -> None:
        nn.init.normal_(self.embed.weight, std=0.02)
        for name, p in self.named_parameters():
            if p.ndim == 2 and not name.startswith("embed"):
                residual = name.endswith(("o.weight", "down.weight"))
                nn.init.normal_(p, std=0.0 if residual else p.shape[1] ** -0.5)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embed(ids)
        cos, sin = self._angles(ids.shape[1])
        for block in self.blocks:
            x = block(x, cos, sin)
        return fn.linear(self.norm(x), self.embed.weight)

    def _angles(self, n: int) -> tuple[Tensor, Tensor]:
        size = self.shape.width // self.shape.heads
        speed = self.shape.rope_base ** (-torch.arange(0, size, 2).float() / size)
        angle = torch.arange(n).float()[:, None] * speed
        return angle.cos(), angle.sin()
