"""How prompts reach the model: the server's chat endpoint, a template of ours, or as they are.

A template that is another family's makes a model write on in a format that it does not know: its
texts are worse, and end late or never. llama.cpp's server wraps a probe in the model's own
template, with which ours is compared; others do not tell.

Error rates: none by chance, two texts are compared. A template that leaves out what the model's own
puts before a prompt (a system prompt) counts as another: the model meets another prompt.
"""

from __future__ import annotations

from ..engines._remote import RemoteEngine
from ..engines._templates import RAW
from ..records import SamplerConfig
from ._ask import PROMPT
from ._findings import Fact

WHAT = "template"
SHORTEST = SamplerConfig.of("probe", {"max_tokens": 1})
LONGEST = 160  # characters of the model's own wrapping that are shown


def fact(server: RemoteEngine) -> Fact:
    """Say where prompts are sent and what wraps them."""
    path = server.request(SHORTEST, PROMPT, seed=1).path
    if server.template is None:
        return Fact(WHAT, f"the server's own, at its chat endpoint ({path})")
    if server.template.name == RAW:
        return Fact(WHAT, f"none: prompts are sent as they are, to {path}")
    details = server.info.details if server.info else {}
    told, sent = server.template.shown, f", filled in here and sent to {path}"
    is_own = details.get("template_is_own")
    if is_own is None:
        return Fact(WHAT, f"{told}{sent}; whether it is the model's own, this server does not tell")
    if is_own:
        return Fact(WHAT, f"{told}, which is the model's own{sent}")
    own = repr(details.get("own_wrapping", ""))
    shown = own if len(own) <= LONGEST else f"{own[:LONGEST]}..."
    return Fact(
        WHAT,
        f"{told} is not the model's own, which makes {shown} of a short prompt; take `template` "
        "out of models.yaml or the study file, and the server's chat endpoint wraps prompts",
        fine=False,
    )
