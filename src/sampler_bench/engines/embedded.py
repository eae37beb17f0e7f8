"""The default: the bundled llama.cpp serves a GGUF in a child process, and nothing else is needed.

Without a model, the demo model that comes with the package. It speaks llama.cpp's dialect, which
was verified on exactly this server (xllamacpp 2026.10). A child that dies is started again.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Self

from .. import demo_model
from ..errors import EngineError
from ..records import Completion, Prompt, SamplerConfig
from . import EngineOptions, ServerInfo
from . import llamacpp as _llamacpp
from ._child import Order
from ._launch import Child, check_gguf, spare_cores
from ._retry import Fault

RESTARTS = 3

DIALECT = replace(_llamacpp.DIALECT, name="embedded")


class EmbeddedEngine(_llamacpp.LlamaCppEngine):
    """llama.cpp in a child process of ours."""

    confirms = False  # nobody else serves there

    def __init__(self, options: EngineOptions) -> None:
        super().__init__(DIALECT, options, "http://127.0.0.1")
        self.gguf = options.gguf or demo_model.path()
        self.child: Child | None = None
        self._starting = asyncio.Lock()
        self._restarts = 0

    async def __aenter__(self) -> Self:
        check_gguf(self.gguf)
        await self._start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await super().__aexit__(kind, error, trace)
        finally:
            if self.child is not None:
                self.child.stop()

    async def ask(self) -> ServerInfo:
        found = await super().ask()
        return replace(found, version=f"xllamacpp {_version()}")

    async def attempt(self, config: SamplerConfig, prompt: Prompt, seed: int) -> Completion:
        async with self._starting:  # while it is being started again, nobody is connected
            pass
        try:
            return await super().attempt(config, prompt, seed)
        except Fault as fault:
            if fault.reason == "connection":
                await self._revive()
            raise

    def order(self) -> Order:
        """What the child serves, and how; one thread writes the demo model's texts fastest."""
        options = self.options
        return Order(
            self.gguf,
            name=options.model,
            slots=options.slots,
            context=options.context,
            threads=1 if self.gguf == demo_model.path() else spare_cores(),
            gpu_layers=options.gpu_layers,
        )

    async def _start(self) -> None:
        self.child = Child.start(self.order(), self.options.log)
        try:
            self._connect(await self.child.ready_async())
            await self.http.__aenter__()
        except BaseException:
            self.child.stop()
            raise

    async def _revive(self) -> None:
        """Start the child again if it died, once for all who noticed."""
        async with self._starting:
            assert self.child is not None
            if self.child.running():
                return
            self.child.stop()
            self._restarts += 1
            if self._restarts > RESTARTS:
                raise EngineError(
                    f"the built-in llama.cpp died {self._restarts} times while serving "
                    f"{self.gguf}; it said: {self.child.tail()[-400:] or 'nothing'}"
                )
            await self.http.__aexit__()
            await self._start()


def build(options: EngineOptions) -> EmbeddedEngine:
    """Build an engine that serves `options.gguf` itself."""
    return EmbeddedEngine(options)


def _version() -> str:
    try:
        return version("xllamacpp")
    except PackageNotFoundError:
        return "unknown"
