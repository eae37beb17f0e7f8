"""Study files, models and presets: the only reader of YAML; mistakes are named with their place."""

from .files import shipped_folder
from .load import load_study, read_overrides
from .models import ModelEntry, load_model, model_or_file
from .presets import resolve_config
from .prices import load_prices
from .study import EmbeddingSpec, StudySpec

__all__ = [
    "EmbeddingSpec",
    "ModelEntry",
    "StudySpec",
    "load_model",
    "load_prices",
    "load_study",
    "model_or_file",
    "read_overrides",
    "resolve_config",
    "shipped_folder",
]
