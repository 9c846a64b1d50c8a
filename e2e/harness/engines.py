"""Finds Redis and MongoDB for a run.

What the environment names comes first, then a container, then what is installed. `PARLEY_TEST_ENGINES` (`url`,
`docker` or `found`) allows one of the three only.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from e2e.harness.engine import Engine, EngineRefusedError, GivenEngine
from e2e.harness.engine_container import NO_DOCKER, EngineContainer, unusable
from e2e.harness.engine_kind import MONGO, REDIS, Kind
from e2e.harness.engine_process import EngineProcess, program
from e2e.harness.guard import Guard

__all__ = ["CHOICE", "Engines", "NamedEngineError", "NoEngineError"]

CHOICE = "PARLEY_TEST_ENGINES"


class NoEngineError(Exception):
    """No engine of a kind is to be had here; the text is a sentence that says how to get one."""


class NamedEngineError(NoEngineError):
    """The engine that the environment names is not there: what was meant to run would not run."""


class Engines:
    """Engines of one run, which end with it.

    Args:
        environment: where `REDIS_URL`, `PARLEY_TEST_ENGINES` and the like are read.

    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._environment = environment
        self._guard = Guard()
        self._started: list[Engine] = []

    async def redis(self, *, of_our_own: bool = False) -> Engine:
        """Return a Redis that answers. Raise `NoEngineError` without one."""
        return await self._find(REDIS, of_our_own=of_our_own)

    async def mongo(self, *, of_our_own: bool = False) -> Engine:
        """Return a MongoDB that answers. Raise `NoEngineError` without one."""
        return await self._find(MONGO, of_our_own=of_our_own)

    async def close(self) -> None:
        """End every engine that was started here."""
        for engine in self._started:
            await engine.close()
        self._started.clear()
        self._guard.close()

    async def _find(self, kind: Kind, *, of_our_own: bool) -> Engine:
        """Return the first engine that is to be had; one of our own can be frozen and killed, and is never given."""
        choice = self._environment.get(CHOICE, "")
        ways: dict[str, Callable[[Kind], Engine | str]] = {
            "url": self._given,
            "docker": self._contained,
            "found": self._installed,
        }
        if choice and choice not in ways:
            raise NoEngineError(f"{CHOICE} is {choice!r}, and should be one of {', '.join(ways)}")
        if of_our_own:
            del ways["url"]
        reasons: dict[str, str] = {}
        for way in [choice] if choice in ways else ways:
            found = ways[way](kind)
            if isinstance(found, GivenEngine):
                return await _asked(kind, found)
            refused = found if isinstance(found, str) else await self._refusal(found)
            if refused is None:
                assert not isinstance(found, str)
                return found
            reasons[way] = refused
        raise NoEngineError(_sentence(kind, reasons, choice, of_our_own=of_our_own))

    async def _refusal(self, engine: Engine) -> str | None:
        """Start an engine; return why it did not, None if it did."""
        self._started.append(engine)
        try:
            await engine.start()
        except EngineRefusedError as error:
            self._started.remove(engine)
            await engine.close()
            return str(error)
        return None

    def _given(self, kind: Kind) -> Engine | str:
        url = self._environment.get(kind.variable)
        if not url:
            return f"{kind.variable} is not set"
        return GivenEngine(url, _place(kind, url))

    def _contained(self, kind: Kind) -> Engine | str:
        image = self._environment.get(kind.image_variable) or kind.image
        return unusable(image) or EngineContainer(kind, image, self._guard)

    def _installed(self, kind: Kind) -> Engine | str:
        name = program(kind)
        if name is None:
            return f"there is no {' and no '.join(kind.programs)} on this machine"
        return EngineProcess(kind, name, self._guard)


def _place(kind: Kind, url: str) -> str:
    """Return where a URL says that an engine is, and nothing of a password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in kind.schemes or "@" in parts.path + parts.query + parts.fragment:
        raise NamedEngineError(
            f"{kind.variable} has to be the URL of a {kind.name}, {' or '.join(f'{it}://' for it in kind.schemes)}, "
            "with user and password percent-encoded."
        )
    return parts.netloc.rpartition("@")[2] or parts.path


async def _asked(kind: Kind, engine: GivenEngine) -> Engine:
    """Return a given engine, with what it says that it is."""
    try:
        identity = await kind.ask(engine.url)
    except (ValueError, TypeError):  # it may cite a part of the URL
        raise NamedEngineError(f"{kind.variable} is no URL that a client for {kind.name} takes.") from None
    if identity is None:
        raise NamedEngineError(f"{kind.variable} names {engine.description}, and nothing answers there.")
    stand_in = f", a stand-in for {kind.name}" if identity.stand_in else ""
    return GivenEngine(engine.url, f"{identity.name} at {engine.description}{stand_in}")


def _sentence(kind: Kind, reasons: Mapping[str, str], choice: str, *, of_our_own: bool) -> str:
    """Return why there is no engine, and what would help; of what was tried each may lack something else."""
    forced = f" ({CHOICE}={choice})" if choice else ""
    own = " that may be killed" if of_our_own else ""
    remedies = {
        "url": f"set {kind.variable}",
        "docker": "start Docker" if NO_DOCKER in reasons.get("docker", "") else f"set {kind.image_variable}",
        "found": f"install {next(iter(kind.programs))}",
    }
    helpful = [remedy for way, remedy in remedies.items() if way in reasons]
    listed = f"{', '.join(helpful[:-1])}, or {helpful[-1]}" if len(helpful) > 1 else helpful[0]
    return f"No {kind.name}{own} is to be had{forced}: {'; '.join(reasons.values())}. {listed[0].upper()}{listed[1:]}."
