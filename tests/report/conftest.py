"""Fixtures of the reports: a browser, pages in it, and reports of real runs.

`samples/` has what the suites found of three servers: ours, ours with an echo to the sender, and ours with instants
that are numbers, unseen messages oldest first and every message twice.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Protocol

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from e2e.harness import browser as browsers
from e2e.harness.browser import DESKTOP, Scheme, Window, open_window, untroubled
from e2e.report.html import page
from e2e.verify.result import Report, load

SAMPLES = Path(__file__).parent / "samples"


class Show(Protocol):
    """Opens pages."""

    async def __call__(
        self,
        reports: Sequence[Report],
        fragment: str = "",
        *,
        size: tuple[int, int] = DESKTOP,
        scheme: Scheme = "light",
        scripts: bool = True,
    ) -> Window:
        """Return a window that shows the page of some reports; nothing may trouble it."""
        ...


def sample(name: str) -> Report:
    """Return the report of a real run."""
    return load(SAMPLES / f"{name}.json")


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Return a browser that all tests of this worker share."""
    if lack := browsers.missing():
        pytest.skip(lack)
    async with browsers.chromium() as browser:
        yield browser


@pytest_asyncio.fixture
async def show(browser: Browser, tmp_path: Path) -> AsyncIterator[Show]:
    """Return what opens pages, from files. At the end none may have complained, or have asked anybody for anything."""
    async with untroubled() as windows:

        async def show(
            reports: Sequence[Report],
            fragment: str = "",
            *,
            size: tuple[int, int] = DESKTOP,
            scheme: Scheme = "light",
            scripts: bool = True,
        ) -> Window:
            file = tmp_path / f"report-{len(windows)}.html"
            file.write_text(page(reports), encoding="utf-8")
            windows.append(await open_window(browser, f"{file.as_uri()}#{fragment}", size, scheme, scripts=scripts))
            return windows[-1]

        yield show
