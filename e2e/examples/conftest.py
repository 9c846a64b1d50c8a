"""Fixtures of the example pages: deployments that have a copy of the client, a browser, and windows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from e2e.conftest import DEPLOYMENTS, Build
from e2e.harness import browser as browsers
from e2e.harness import javascript
from e2e.harness.browser import DESKTOP, Scheme, Window, open_window, untroubled
from e2e.harness.deployment import Deployment

Shared = Callable[[str], Awaitable[Deployment]]


class Open(Protocol):
    """Opens windows."""

    async def __call__(
        self, page: str, *, server: int = 0, size: tuple[int, int] = DESKTOP, scheme: Scheme = "light"
    ) -> Window:
        """Return a window that shows an example page of a server; nothing may trouble it."""
        ...


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Return a browser that all tests of this worker share."""
    if lack := browsers.missing() or javascript.missing():
        pytest.skip(lack)
    async with browsers.chromium() as browser:
        yield browser


@pytest_asyncio.fixture(scope="session")
async def deployments_with_client(build: Build, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shared]:
    """Return what has the one deployment of a kind that serves the npm copy of the client, and starts it if it must."""
    started: dict[str, Deployment] = {}

    async def shared(kind: str) -> Deployment:
        if kind not in started:
            await asyncio.to_thread(javascript.install)
            settings = {"SOCKET_IO_CLIENT": str(javascript.FOLDER / "node_modules" / javascript.CURRENT)}
            started[kind] = build(kind, tmp_path_factory.mktemp("examples"), settings)
            await started[kind].start()
            await started[kind].seed()
        return started[kind]

    yield shared
    for deployment in started.values():
        await deployment.close()


@pytest_asyncio.fixture
async def deployment(
    browser: Browser, deployment_kind: str, deployments_with_client: Shared, request: pytest.FixtureRequest
) -> Deployment:
    """Return the deployment that the tests of the pages share."""
    deployment = await deployments_with_client(deployment_kind)
    request.node.stash.setdefault(DEPLOYMENTS, []).append(deployment)
    return deployment


@pytest_asyncio.fixture
async def show(browser: Browser, deployment: Deployment) -> AsyncIterator[Open]:
    """Return what opens windows. At the end none of them may have complained, or have asked another machine."""
    async with untroubled() as windows:

        async def show(
            page: str, *, server: int = 0, size: tuple[int, int] = DESKTOP, scheme: Scheme = "light"
        ) -> Window:
            base = deployment.servers[server % len(deployment.servers)].url
            windows.append(await open_window(browser, f"{base}/examples/{page}", size, scheme))
            return windows[-1]

        yield show
