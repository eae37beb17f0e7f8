"""`SamplerBenchAPI`: write, judge and search from Python, one call each, without asyncio."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping
from pathlib import Path

from .._algebra import one_thread
from ..errors import UsageError
from ..records import Completion, Failure, Prompt, SamplerConfig, Score, Unscored, Unwritten
from ..reports._document import Document
from ..rules import look
from ..spec import StudySpec, load_study, resolve_config
from ..spec.environment import SERVER_KEY
from ..spec.environment import environment as from_here
from ..store.sqlite import open_store
from .build import build_engine, build_judge, build_task
from .choices import find_model, resolved
from .events import Event
from .folder import USUAL
from .request import Request
from .run import run


class SamplerBenchAPI:
    """Write, judge and search.

    Args:
        config: study file; None for the default one.
        section: of the study file.
        folder: where searches keep their results.
        environment: where keys come from; None for the process's own, and `.env`.
        settings: keys of a study file that go before it, like `model="demo", judge="demo"`.

    Raises:
        SpecError: the study file or a setting is wrong.

    Example:
        >>> api = SamplerBenchAPI(model="demo", judge="demo", task="demo")
        >>> text = api.write("Create a mystery", "min_p:temperature=0.8,min_p=0.05,max_tokens=300")
        >>> api.judge("Create a mystery", text.text)
        (Score(...),)
    """

    def __init__(
        self,
        config: Path | str | None = None,
        section: str | None = None,
        folder: Path | str = USUAL,
        environment: Mapping[str, str] | None = None,
        **settings: object,
    ) -> None:
        path = None if config is None else Path(config)
        self.spec: StudySpec = load_study(path, section, settings, "SamplerBenchAPI")
        self.folder = Path(folder)
        self.environment = from_here() if environment is None else environment

    def write(
        self, prompt: str, config: str | SamplerConfig, seed: int = 1
    ) -> Completion | Unwritten:
        """Have one text written.

        Args:
            prompt: what the model is asked.
            config: a configuration, its text form, or a preset's name.
            seed: 1 to 2**31 - 1.

        Raises:
            SpecError: the server cannot express the configuration.
            UsageError: it is none.
            EngineError: no server answers.
        """
        chosen = resolve_config(config) if isinstance(config, str) else config
        if not isinstance(chosen, SamplerConfig):
            raise UsageError(
                f"write: config is {config!r}, expected a text form like "
                "'min_p:temperature=1.2,min_p=0.02', a preset's name, or a SamplerConfig"
            )

        async def one() -> Completion | Unwritten:
            key = self.environment.get(SERVER_KEY, "")
            async with await build_engine(self.spec, find_model(self.spec), key, None) as engine:
                await engine.check()
                engine.express(chosen, seed)
                return await engine.generate(chosen, Prompt(0, prompt), seed)

        return asyncio.run(one())

    def judge(self, prompt: str, text: str) -> Failure | tuple[Score | Unscored, ...]:
        """Look at a text by the task's rules; if it passes, have the panel judge it.

        Returns:
            The failure that a rule found, or one judgment for each member of the panel.

        Raises:
            JudgeError: the judge cannot be used.
            UsageError: the text is none.
        """
        if not isinstance(text, str):
            raise UsageError(f"judge: text is {text!r}, expected a text")
        task = build_task(self.spec)
        asked = Prompt(0, prompt)
        seen = Completion(text, False, 0, 0, 0.0, {}, "", "", "given")
        if failure := look(seen, asked, task):
            return failure

        async def all_of_them() -> tuple[Score | Unscored, ...]:
            async with build_judge(self.spec, task, self.environment) as judge:
                judgments = (judge.judge(name, asked, text) for name in judge.identities)
                return tuple(await asyncio.gather(*judgments))

        return asyncio.run(all_of_them())

    def search(self, name: str | None = None, *, allow_unverified: bool = False) -> Document:
        """Run the whole search of the study file and return its results document.

        Args:
            name: of the study; None for one made of the time.
            allow_unverified: go on although the server ignores a knob.

        Raises:
            SamplerBenchError: as `sampler-bench search` would say.
        """
        spec = resolved(self.spec, lambda: secrets.randbelow(2**31))
        name = name or f"api_{time.strftime('%Y%m%d_%H%M%S')}_{secrets.token_hex(2)}"
        results = self.folder / f"{name}.json"
        request = Request(
            spec,
            self.folder,
            name,
            results,
            self.environment,
            allow_unverified=allow_unverified,
        )

        async def whole() -> Document:
            with open_store(self.folder) as store:
                finished = await run(request, store, _nobody, asyncio.Event())
                return finished.study.document()

        with one_thread():
            return asyncio.run(whole())


def _nobody(event: Event) -> None:
    """Nobody watches."""
