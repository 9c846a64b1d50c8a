"""An engine in a container, through testcontainers."""

from __future__ import annotations

import asyncio
import gc
import os
import warnings
from pathlib import Path
from typing import Any

import docker
from docker.errors import DockerException, ImageNotFound

from e2e.harness.engine import EngineRefusedError, until_it_answers
from e2e.harness.engine_kind import Kind
from e2e.harness.engine_process import free_port
from e2e.harness.guard import Guard

__all__ = ["NO_DOCKER", "EngineContainer", "unusable"]

NO_DOCKER = "no Docker engine answers"

_REAPER = "testcontainers/ryuk:0.8.1"
_PATIENCE = 5


def unusable(image: str) -> str | None:
    """Return why no container of this image is to be had here, None if one is. Pulls an image that is absent."""
    client = _connected()
    if isinstance(client, str):
        return client
    try:
        client.images.get(image)
    except ImageNotFound:
        return _pull(image)
    except DockerException as error:
        return f"{NO_DOCKER} ({_first_line(error)})"
    finally:
        client.close()
    return None


def _connected() -> docker.DockerClient | str:
    """Return a client, or why there is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            return docker.from_env(timeout=_PATIENCE)
        except DockerException as error:
            refused = f"{NO_DOCKER} ({_first_line(error)})"
        gc.collect()  # docker leaves a socket that it could not connect to the collector, to be blamed on another test
    return refused


def _pull(image: str) -> str | None:
    client: Any = docker.from_env()
    try:
        client.images.pull(image)
    except DockerException as error:
        return f"{image} is neither there nor can it be pulled ({_first_line(error)})"
    finally:
        client.close()
    return None


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


def _disable_an_absent_reaper() -> None:
    """Keep testcontainers from pulling a container that clears away after us: the guard does so without one."""
    reaper = os.environ.get("RYUK_CONTAINER_IMAGE", _REAPER)
    client = docker.from_env(timeout=_PATIENCE)
    try:
        client.images.get(reaper)
    except DockerException:
        os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    finally:
        client.close()


class EngineContainer:
    """A container, not started yet. It is frozen and thawed by the Docker engine.

    Args:
        kind: what it is used as.
        image: what it is made of.
        guard: removes it if this process cannot.

    """

    ours = True

    def __init__(self, kind: Kind, image: str, guard: Guard) -> None:
        self.url = ""
        self.description = f"{image}, not started"
        self._started: tuple[int, str] | None = None  # its process and its container's id
        self._kind = kind
        self._image = image
        self._guard = guard
        self._port = free_port()
        self._container: Any = None

    @property
    def pid(self) -> int | None:
        if self._started is None:
            return None
        pid, container = self._started
        try:
            # a Docker engine of another machine has pids of its own, and one that has ended may be another's now
            return pid if container in Path(f"/proc/{pid}/cgroup").read_text() else None
        except OSError:
            return None

    async def start(self) -> None:
        if self._container is None:
            await asyncio.to_thread(self._create)
        else:
            await asyncio.to_thread(self._wrapped.start)
        identity = await until_it_answers(self._kind, self.url, self._objection)
        self._started = await asyncio.to_thread(self._identify)
        stand_in = f", a stand-in for {self._kind.name}" if identity.stand_in else ""
        self.description = f"{identity.name} in a container of {self._image}{stand_in}"

    async def pause(self) -> None:
        await asyncio.to_thread(self._wrapped.pause)

    async def resume(self) -> None:
        await asyncio.to_thread(self._unpause)

    async def kill(self) -> None:
        await asyncio.to_thread(self._kill)

    async def mend(self) -> None:
        await asyncio.to_thread(self._unpause)
        try:
            await self.start()
        except EngineRefusedError:
            if not await asyncio.to_thread(self._has_ended):
                raise
            await self.start()  # it was ending by itself, and still seemed to run

    async def restart(self, *, empty: bool) -> None:
        if empty:
            await asyncio.to_thread(self._remove)
        else:
            await asyncio.to_thread(self._wrapped.stop)
        await self.start()

    async def close(self) -> None:
        if self._container is not None:
            await asyncio.to_thread(self._remove)

    @property
    def _wrapped(self) -> Any:
        assert self._container is not None, f"{self.description} is not running"
        return self._container.get_wrapped_container()

    def _create(self) -> None:
        _disable_an_absent_reaper()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what testcontainers deprecates of its own is none of ours
            from testcontainers.core.container import DockerContainer  # reads the environment when it is imported

            container = DockerContainer(self._image).with_bind_ports(self._kind.port, self._port)
            try:
                container.start()
            except DockerException as error:
                container.stop()
                raise EngineRefusedError(f"{self._image} did not start: {error}") from error
        self._container = container
        self._guard.watch("container", container.get_container_id())
        host, port = container.get_container_host_ip(), container.get_exposed_port(self._kind.port)
        self.url = self._kind.url.format(host="127.0.0.1" if host == "localhost" else host, port=port)

    def _identify(self) -> tuple[int, str]:
        wrapped = self._wrapped
        wrapped.reload()
        return int(wrapped.attrs["State"]["Pid"]), wrapped.id

    def _has_ended(self) -> bool:
        wrapped = self._wrapped
        wrapped.reload()
        return wrapped.status in ("exited", "dead")

    def _objection(self) -> str | None:
        try:
            if not self._has_ended():
                return None
            log = self._wrapped.logs(tail=20).decode(errors="replace")
        except DockerException as error:
            return f"its container is gone ({_first_line(error)})"
        return f"the container of {self._image} has ended:\n{log}"

    def _unpause(self) -> None:
        wrapped = self._wrapped
        wrapped.reload()
        if wrapped.status == "paused":
            wrapped.unpause()

    def _kill(self) -> None:
        self._unpause()
        self._wrapped.kill()
        self._wrapped.wait()

    def _remove(self) -> None:
        self._guard.forget("container", self._container.get_container_id())
        self._container.stop()
        self._container = None
