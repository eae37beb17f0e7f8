"""Chat templates that we render ourselves, where a server's chat endpoint is not wanted.

`template:` in models.yaml names one of these, or is Jinja text as in a model's own
`tokenizer_config.json`, or `raw`. The formats are the model families' published ones; the
begin-of-text token is left out, because servers add it themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from ..errors import SpecError, did_you_mean

if TYPE_CHECKING:
    import jinja2

RAW = "raw"


@dataclass(frozen=True, slots=True)
class Template:
    """How a prompt is wrapped.

    Attributes:
        name: as stored with the texts; of Jinja text a hash, so that a changed one is another.
        before, after: what goes around the prompt; unused where there is Jinja text.
        stop: texts that end the answer besides the end token.
        jinja: text of a Jinja template, given `messages` and `add_generation_prompt`.
    """

    name: str
    before: str = ""
    after: str = ""
    stop: tuple[str, ...] = ()
    jinja: str = ""

    @property
    def shown(self) -> str:
        """`raw` or `template NAME`."""
        return RAW if self.name == RAW else f"template {self.name}"

    def render(self, prompt: str) -> str:
        """Wrap a prompt.

        Raises:
            SpecError: the Jinja text cannot be used.
        """
        if not self.jinja:
            return f"{self.before}{prompt}{self.after}"
        messages = [{"role": "user", "content": prompt}]
        try:
            return _compiled(self.jinja).render(
                messages=messages, add_generation_prompt=True, bos_token="", enable_thinking=False
            )
        except SpecError:
            raise
        except Exception as error:  # a user's program: it may fail in any way
            raise SpecError(f"template: cannot be rendered: {_told(error)}") from error


KNOWN = (
    Template(RAW),
    Template(
        "chatml",
        "<|im_start|>user\n",
        "<|im_end|>\n<|im_start|>assistant\n",
        stop=("<|im_end|>",),
    ),
    Template(
        "llama3",
        "<|start_header_id|>user<|end_header_id|>\n\n",
        "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
        stop=("<|eot_id|>",),
    ),
    Template("mistral", "[INST] ", " [/INST]"),
    Template(
        "gemma",
        "<start_of_turn>user\n",
        "<end_of_turn>\n<start_of_turn>model\n",
        stop=("<end_of_turn>",),
    ),
    Template("alpaca", "### Instruction:\n", "\n\n### Response:\n", stop=("\n### Instruction:",)),
    Template("vicuna", "USER: ", "\nASSISTANT:", stop=("\nUSER:",)),
)


def find_template(text: str) -> Template | None:
    """Find a template by what `template:` says; None (no template) for the server's own.

    Raises:
        SpecError: no such name, or Jinja text that cannot be compiled.
    """
    if not text:
        return None
    if "{" in text:
        _check(text)
        return Template(f"Jinja {sha256(text.encode()).hexdigest()[:8]}", jinja=text)
    by_name = {template.name: template for template in KNOWN}
    name = text.strip().lower()
    if name not in by_name:
        near = did_you_mean(name, list(by_name))
        raise SpecError(
            f"template {text!r} is not known{near}; known are {', '.join(by_name)}, or give Jinja "
            "text, or leave it out for the server's own"
        )
    return by_name[name]


def _check(text: str) -> None:
    try:
        _compiled(text)
    except Exception as error:
        raise SpecError(f"template: not usable Jinja text: {_told(error)}") from error


def _told(error: Exception) -> str:
    return str(error) or type(error).__name__


@cache
def _compiled(text: str) -> jinja2.Template:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = _refuse  # models' templates call it
    return environment.from_string(text)


def _refuse(message: str) -> None:
    raise SpecError(f"template: it refuses the prompt: {message}")
