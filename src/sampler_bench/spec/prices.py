"""prices.yaml: what judging costs, in US dollars for a million tokens. Users edit it."""

from __future__ import annotations

from .files import config_folder
from .yaml_file import Node, Problems, read_entries


def load_prices() -> dict[str, tuple[float, float]]:
    """Read (prompt price, answer price) by model; empty where there is no file.

    Raises:
        SpecError: names every mistake with its line.
    """
    path = config_folder() / "prices.yaml"
    if not path.is_file():
        return {}
    problems = Problems()
    prices = {name: _price(node) for name, node in read_entries(path, "models", problems)}
    problems.stop()
    return prices


def _price(node: Node) -> tuple[float, float]:
    parts = {key: child.value for key, child in node.children()}
    numbers = [parts.get("prompt"), parts.get("answer")]
    if not all(isinstance(n, int | float) and not isinstance(n, bool) and n >= 0 for n in numbers):
        node.expected("prompt and answer, in US dollars for a million tokens")
        return (0.0, 0.0)
    return (float(parts["prompt"]), float(parts["answer"]))
