"""What flows between the rooms: frozen records, with no behaviour beyond themselves.

A `Cell` says what is tried; a trial is a cell together with its outcome. There are three kinds of
outcome and they never mix: a `Completion` with its `Score`s, a `Failure` (the model wrote, and the
text is bad by rule), and missing evidence (`Unwritten`, `Unscored`: a server, network or judge
fault), which is never a number and never counts against a configuration.
"""

from .config import SamplerConfig, Value
from .table import FAILED, JUDGED, MISSING, PENDING, ScoreTable, settle
from .trial import (
    INTERRUPTED,
    THOUGHTS,
    Cell,
    Completion,
    Failure,
    Json,
    JsonObject,
    Prompt,
    Score,
    Trial,
    Unscored,
    Unwritten,
)
from .verdict import UNKNOWN, Estimate, Needed, Verdict

__all__ = [
    "FAILED",
    "INTERRUPTED",
    "JUDGED",
    "MISSING",
    "PENDING",
    "THOUGHTS",
    "UNKNOWN",
    "Cell",
    "Completion",
    "Estimate",
    "Failure",
    "Json",
    "JsonObject",
    "Needed",
    "Prompt",
    "SamplerConfig",
    "Score",
    "ScoreTable",
    "Trial",
    "Unscored",
    "Unwritten",
    "Value",
    "Verdict",
    "settle",
]
