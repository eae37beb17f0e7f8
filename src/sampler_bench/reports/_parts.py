"""What every part of the results document is made of."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

Number = float | None


class Part(BaseModel):
    """A part of the document; unknown keys are kept, so that newer files can be read."""

    model_config = ConfigDict(
        extra="allow",
        allow_inf_nan=False,
        protected_namespaces=(),
        json_schema_serialization_defaults_required=True,
    )


class Interval(Part):
    """A mean with its 95 % interval."""

    mean: Number = None
    low: Number = None
    high: Number = None
