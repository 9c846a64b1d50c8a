"""The engines of a whole run of pytest: started once, by whoever has the terminal, and known to every worker."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import Any

import pytest

from e2e.harness.engine import Engine
from e2e.harness.engines import CHOICE, Engines, NamedEngineError, NoEngineError

__all__ = ["RunEngines"]

_WORKER_INPUT = "parley_engines"


@dataclass(frozen=True, slots=True)
class _Found:
    """An engine, or why there is none: plain data that a worker can be sent."""

    url: str = ""
    text: str = ""


class RunEngines:
    """A plugin of pytest. The engines are there from its making until the end of the run.

    Args:
        config: of the run. A worker of xdist starts nothing, but learns what its controller has.
        wanted: whether to start any.

    """

    def __init__(self, config: pytest.Config, *, wanted: bool) -> None:
        self._engines = Engines()
        self._found: dict[str, _Found] = {}
        inherited: Any = getattr(config, "workerinput", None)
        if inherited is not None:
            self._found = {kind: _Found(*found) for kind, found in inherited.get(_WORKER_INPUT, {}).items()}
        elif wanted:
            asyncio.run(self._start())

    def url(self, kind: str) -> str:
        """Return the URL of `redis` or `mongo`. Without one the test is skipped, or fails with `E2E_NO_SKIP=1`."""
        found = self._found.get(kind, _Found(text="engines were not started: none of the paths of this run needs any"))
        if not found.url:
            refuse = pytest.fail if os.environ.get("E2E_NO_SKIP") == "1" else pytest.skip
            refuse(found.text)
        return found.url

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker what there is."""
        node.workerinput[_WORKER_INPUT] = {kind: (found.url, found.text) for kind, found in self._found.items()}

    def pytest_report_header(self) -> list[str]:
        """Say what the tests run over."""
        return self._lines()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say it again where it is not scrolled away."""
        for line in self._lines():
            terminalreporter.write_line(line)

    def pytest_unconfigure(self) -> None:
        """End the engines."""
        asyncio.run(self._engines.close())

    def _lines(self) -> list[str]:
        return [f"{kind}: {found.text}" for kind, found in self._found.items()]

    async def _start(self) -> None:
        for kind, find in (("redis", self._engines.redis), ("mongo", self._engines.mongo)):
            try:
                engine: Engine = await find()
                self._found[kind] = _Found(engine.url, engine.description)
            except NoEngineError as error:
                if os.environ.get(CHOICE) or isinstance(error, NamedEngineError):
                    await self._engines.close()
                    raise pytest.UsageError(str(error)) from error
                self._found[kind] = _Found(text=str(error))
