"""The demo model: a 2-million-parameter Llama that writes stories of the demo language.

`path()` is the GGUF that ships with the package; `model.json` beside it says seed, sizes, loss,
tokens, minutes and sha256, and `reference_logits.npz` holds log-probabilities of the training
framework (arrays: `tools/demo_model/export.py`), which the test suite compares with the served
model. Made by `tools/demo_model`. It knows its toy language and nothing else.
"""

from __future__ import annotations

from pathlib import Path


def path() -> Path:
    """The q8_0 GGUF."""
    return Path(__file__).with_name("demo-q8_0.gguf")
