"""The page: a study to look at, in one HTML file that needs no network.

What must be seen at once and on paper is plain HTML; pictures that one explores are drawn by Plotly
from the results document, which travels in the page. Plotly's script is taken from the installed
package when the page is written. Scripts run by their hash alone (Content-Security-Policy), so
nothing that a model wrote can run, and nothing can be fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from ..errors import UsageError
from ..records import Trial
from ._document import Document
from ._picture_words import PictureWords
from ._rendering import hashed, packed, rendered
from ._saying import Sayings
from ._texts import INSIDE, applied, packed_json, texts, zipped
from ._view import Preset, View

SCRIPTS = ("base.js", "app.js", "plots.js", "variety.js", "reader.js")
SECTIONS = {
    "compare": "Baseline against winner",
    "use": "Use it",
    "ranking": "Ranking",
    "surfaces": "How each sampler reacts",
    "curves": "One knob at a time",
    "importance": "Which knobs matter",
    "bestof": "Best of N at equal budget",
    "entropy": "All samplers in one picture",
    "variety": "Quality, variety, speed",
    "failures": "What failed",
    "settled": "How the answer settled",
    "panel": "The judges",
    "knobs": "Did every knob act?",
    "reader": "Read the texts",
    "limits": "What this cannot tell",
    "repeat": "How to repeat it",
}


@dataclass(frozen=True, slots=True)
class Page:
    """A page, and the texts for which it has no room: gzipped JSON, None where all are in it."""

    html: str
    beside: bytes | None


def report(
    document: Document,
    trials: Iterable[Trial] = (),
    presets: Sequence[Preset] = (),
    beside: str = "texts.json.gz",
    most: int = INSIDE,
) -> Page:
    """Write the page of a study.

    Args:
        document: of a study in any state.
        trials: its texts, for the reader; none where they are not at hand.
        presets: configurations as files of other tools, for the copy buttons.
        beside: the name under which texts that have no room will lie beside the page.
        most: bytes of texts that the page holds.
    """
    trials = list(trials)
    found = texts(trials, document, most)
    sent = applied(trials, document)
    meta, say = document.search_metadata, Sayings(document)
    html = rendered(
        SCRIPTS,
        SECTIONS,
        rooms="sections",
        hero="hero.html",
        about=meta.model or "sampler-bench",
        version=meta.version,
        hashes=[plotly()[1]],
        blocks={
            "document": packed(packed_json(document.model_dump(mode="json"))),
            "texts": packed(packed_json(found.inside)),
            "presets": packed(packed_json(_formats(presets))),
            "plotly": plotly()[0],
        },
        view=View(document, len(found.inside), len(found.beside), beside, presets, sent),
        say=say,
        see=PictureWords(document),
        document=document,
    )
    return Page(html, zipped(packed_json(found.beside)) if found.beside else None)


@cache
def plotly() -> tuple[str, str]:
    """Plotly's script, packed, and its hash.

    Raises:
        UsageError: the package is not installed.
    """
    spec = find_spec("plotly")
    path = Path(spec.origin or "").parent / "package_data" / "plotly.min.js" if spec else None
    if path is None or not path.is_file():
        raise UsageError(
            "the page needs the package plotly, which is not there: pip install plotly"
        )
    script = path.read_bytes()
    return packed(script), hashed(script)


def _formats(presets: Sequence[Preset]) -> dict[str, object]:
    """Presets by configuration and format, with what is said of each format once."""
    configs: dict[str, dict[str, object]] = {}
    for preset in presets:
        losses = list(preset.losses)
        configs.setdefault(preset.config, {})[preset.format] = {
            "text": preset.text,
            "losses": losses,
        }
    known = {p.format: {"about": p.about, "suffix": p.suffix} for p in presets}
    return {"formats": known, "configs": configs}
