"""The guide's YAML: `best_overall`, `best_by_sampler`, and `presets` ready for samplers.yaml.

`best_overall:` stands exactly once in the file, its value alone and unquoted on the next line, so
that `$(cat FILE | grep -A1 "best_overall:" | tail -1)` hands a text form to a benchmark. Line ends
are LF on every system.
"""

from __future__ import annotations

import json
import re

from ..records import SamplerConfig, Value
from ..reports._document import Document, Result


def write_best(document: Document) -> str:
    """Write the best configurations of a study."""
    meta, best = document.search_metadata, document.best_configuration
    lines = [
        f"# From study {_comment(meta.study or 'unnamed')}, {_comment(meta.timestamp)}, "
        f"by sampler-bench {_comment(meta.version or 'unknown')}.",
        *(f"# {_comment(line)}" for line in _provenance(document)),
    ]
    if best is None:
        return "\n".join([*lines, "# No configuration has a score yet.", "presets: {}", ""])
    lines += ["best_overall:", f"  {best.config}", "best_by_sampler:"]
    chosen = _by_sampler(document, best)
    for sampler, result in chosen.items():
        lines.append(f"  {sampler}: {result.config}")
    lines.append("presets:")
    for sampler, result in chosen.items():
        lines += _preset(f"best_{sampler.replace('+', '_')}", result)
    return "\n".join([*lines, ""])


def _provenance(document: Document) -> list[str]:
    meta, verdict = document.search_metadata, document.verdict
    lines = [f"Model {meta.model or 'unknown'}, judged by {', '.join(meta.judges) or 'nobody'}."]
    if verdict is not None and verdict.objective.mean is not None:
        interval = verdict.objective
        lines.append(
            f"Score of the best: {interval.mean:.3f} [{interval.low:.3f} to {interval.high:.3f}]; "
            f"against the baseline: {verdict.sentence}."
        )
    order = meta.server.get("temperature_order")
    if order:
        lines.append(f"Tuned with temperature applied {order}.")
    return lines


def _comment(text: str) -> str:
    """One line of plain characters, without the words that a script looks for."""
    return re.sub(r"[^\x20-\x7e]", "?", text).replace("best_overall:", "best_overall")


def _by_sampler(document: Document, best: Result) -> dict[str, Result]:
    """The best result of each sampler; the recommended one for its own sampler."""
    chosen = {best.sampler_type: best}
    for result in document.all_results:
        if result.sample_count:
            chosen.setdefault(result.sampler_type, result)
    return chosen


def _preset(name: str, result: Result) -> list[str]:
    lines = [f"  {name}:", f"    sampler_type: {result.sampler_type}", "    parameters:"]
    pairs = SamplerConfig.parse(result.config).parameters
    return [*lines, *(f"      {key}: {_yaml(value)}" for key, value in pairs)]


def _yaml(value: Value) -> str:
    """A value as every YAML reader takes it; JSON strings are YAML strings."""
    if isinstance(value, tuple):
        return json.dumps(list(value))
    text = str(value)
    if isinstance(value, float) and "e" in text and "." not in text:
        return text.replace("e", ".0e")  # without the point YAML 1.1 reads a text
    return text
