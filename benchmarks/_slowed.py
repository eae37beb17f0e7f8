"""The demo model, slower: blocks that change nothing are added to it.

A block whose output weights are zero adds nothing to the residual stream, so that the model writes
the very same texts, at the speed of a model that is so many times as deep. Real models write 20 to
200 tokens a second in a slot; the demo model writes thousands, and a reader of streams on the same
cores slows it down. Needs the `gguf` package.
"""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

SILENT = ("attn_output.weight", "ffn_down.weight")


def write_slowed(model: Path, path: Path, blocks: int) -> Path:
    """Write a copy of a llama GGUF with `blocks` more blocks that change nothing."""
    reader = gguf.GGUFReader(model)
    writer = gguf.GGUFWriter(path, "llama")
    own = int(reader.fields["llama.block_count"].contents())
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name == "general.architecture":
            continue
        value = own + blocks if field.name == "llama.block_count" else field.contents()
        kinds = field.types
        writer.add_key_value(field.name, value, kinds[0], kinds[-1] if len(kinds) > 1 else None)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    first = [tensor for tensor in reader.tensors if tensor.name.startswith("blk.0.")]
    for block in range(own, own + blocks):
        for tensor in first:
            part = tensor.name.removeprefix("blk.0.")
            data = np.zeros_like(tensor.data) if part in SILENT else tensor.data
            writer.add_tensor(f"blk.{block}.{part}", data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
