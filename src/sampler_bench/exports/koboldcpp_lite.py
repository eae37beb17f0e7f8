"""KoboldCpp Lite's settings: an empty story that carries them, for its Load button.

Source: LostRuins/lite.koboldai.net, `localsettings` (keys as other programs write them, 2025).
Lite takes the settings of a story where its "import settings" is on. Not tried in Lite itself here:
`smoothing_curve`, the DRY window and breakers, and adaptive-p are written under the server's names.
"""

from __future__ import annotations

from dataclasses import replace

from ..engines._dialect import Dialect, Spoken
from ..engines.koboldcpp import NATIVE
from ..errors import SpecError
from ..records import SamplerConfig
from . import Loss, Source, _dialects
from ._provenance import note, read_object, restored, stated_in_json, write_object
from ._readers import numbered_order

ABOUT = "KoboldCpp Lite: load the file as a story, with its settings; the story is empty"
SUFFIX = ".json"
READERS = {"temperature_order": numbered_order}
RENAMED = {
    "mirostat_mode": "miro_type",
    "mirostat_tau": "miro_tau",
    "mirostat_eta": "miro_eta",
    "tfs": "tfs_s",
    "typical_p": "typ_s",
}
DIALECT: Dialect = replace(
    NATIVE,
    words={
        name: replace(word, key=RENAMED[name])
        if isinstance(word, Spoken) and name in RENAMED
        else word
        for name, word in NATIVE.words.items()
    },
)
STORY = {
    "gamestarted": True,
    "prompt": "",
    "memory": "",
    "authorsnote": "",
    "anotetemplate": "",
    "actions": [],
    "actions_metadata": {},
    "worldinfo": [],
    "wifolders_d": {},
    "wifolders_l": [],
}


def losses(config: SamplerConfig, source: Source) -> list[Loss]:
    """What this format loses."""
    return _dialects.losses(DIALECT, config, source)


def write(config: SamplerConfig, source: Source) -> str:
    """Write the story."""
    told = _dialects.said(DIALECT, config, source)
    return write_object({**STORY, "savedsettings": told, **note(config, source)})


def read(text: str) -> SamplerConfig:
    """Read the settings of a story."""
    data = read_object(text, "savedsettings")
    told = data["savedsettings"]
    if not isinstance(told, dict) or "temperature" not in told:
        raise SpecError("preset: savedsettings holds no temperature")
    return restored(_dialects.heard(DIALECT, told, READERS), stated_in_json(data))
