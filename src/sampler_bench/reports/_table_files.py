"""Tables as files: CSV for everybody, Parquet where pyarrow is at hand."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import UsageError
from ._tables import Cell, Row, columns

if TYPE_CHECKING:
    import pyarrow as pa

STEERING = ("=", "+", "-", "@", "\t", "\r")  # how a text begins that a spreadsheet would run


def as_csv(rows: Sequence[Row]) -> str:
    """A table as CSV (RFC 4180): UTF-8, a comma, a point in numbers; empty where not known.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    names = columns(rows)
    written = io.StringIO()
    file = csv.writer(written, lineterminator="\n")
    file.writerow(names)
    file.writerows([_cell(row.get(name)) for name in names] for row in rows)
    return written.getvalue()


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return f"'{value}" if value.startswith(STEERING) else value


def as_parquet(rows: Sequence[Row]) -> bytes:
    """A table as Parquet.

    Raises:
        UsageError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise UsageError(
            "--parquet needs pyarrow, which is not installed: pip install "
            "'sampler-bench[parquet]', or take --csv"
        ) from error
    table = pa.table({name: _array([row.get(name) for row in rows]) for name in columns(rows)})
    written = io.BytesIO()
    parquet.write_table(table, written)
    return written.getvalue()


def _array(values: list[Cell]) -> pa.Array:
    """A column of one kind: truths, whole numbers, numbers, or texts where kinds are mixed."""
    import pyarrow as pa

    known = [value for value in values if value is not None]
    if known and all(isinstance(value, bool) for value in known):
        return pa.array(values, pa.bool_())
    if known and all(isinstance(value, int) and not isinstance(value, bool) for value in known):
        return pa.array(values, pa.int64())
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        return pa.array([None if v is None else float(v) for v in values], pa.float64())
    return pa.array([None if v is None else str(v) for v in values], pa.string())
