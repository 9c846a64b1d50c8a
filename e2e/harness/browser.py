"""A real browser: the example pages as their user sees and handles them, by label, role and key."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal
from urllib.parse import urlsplit

from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Request,
    Route,
    async_playwright,
    expect,
)

from e2e.harness.deadline import DEADLINE
from e2e.harness.people import Person

__all__ = ["DESKTOP", "PHONE", "Scheme", "Window", "chromium", "missing", "open_window", "untroubled"]

DESKTOP = (1280, 800)
PHONE = (360, 740)
"""Widths and heights, in pixels of CSS."""

Scheme = Literal["light", "dark"]

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_ELSEWHERE = "Somebody else…"


def _program() -> str | None:
    return next((found for name in _PROGRAMS if (found := shutil.which(name))), None)


def missing() -> str | None:
    """Return what this machine lacks to run the pages, None if nothing."""
    return None if _program() else f"no {' or '.join(_PROGRAMS)} on this machine: apt-get install chromium"


@asynccontextmanager
async def chromium() -> AsyncGenerator[Browser]:
    """Run a browser."""
    expect.set_options(timeout=DEADLINE * 1000)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_program(), args=_ARGUMENTS)
        yield browser
        await browser.close()


class Window:
    """A page in a window of its own, which shares nothing with any other.

    Attributes:
        page: for what has no verb here.
        troubles: what the page complained of, and what it asked of other machines, which is refused.

    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.troubles: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", self._failed)

    def expects_failures(self) -> None:
        """Take it for no trouble that requests of the page fail from now on."""
        self.page.remove_listener("console", self._heard)

    async def close(self) -> None:
        """Close it, as its user does."""
        await self.page.context.close()

    async def log_in(self, person: Person) -> None:
        """Connect as a person of the test, by e-mail and password."""
        await self.choose("User", _ELSEWHERE)
        await self.write("E-mail", person.email)
        await self.page.get_by_label("Password").fill(person.password)
        await self.press("Connect")
        await self.sees(self.state, f"Connected as {person.name}")

    @property
    def state(self) -> Locator:
        """What the page says of its connection."""
        return self.page.get_by_role("status")

    @property
    def talk(self) -> Locator:
        """What was said."""
        return self.page.locator("#talk")

    @property
    def people(self) -> Locator:
        """Who is there."""
        return self.page.locator("#people")

    @property
    def warning(self) -> Locator:
        """What went wrong."""
        return self.page.get_by_role("alert")

    async def press(self, button: str) -> None:
        """Click a button; of several of that name the first."""
        await self.page.get_by_role("button", name=button, exact=True).first.click()

    async def write(self, field: str, text: str, *, submit: bool = False) -> None:
        """Fill in a field, and press Enter to `submit`."""
        box = self.page.get_by_role("textbox", name=field, exact=True)
        await box.fill(text)
        if submit:
            await box.press("Enter")

    async def choose(self, field: str, option: str) -> None:
        """Choose of a list."""
        await self.page.get_by_role("combobox", name=field, exact=True).select_option(label=option)

    async def sees(self, where: Locator, text: str) -> None:
        """Wait until a text is there."""
        await expect(where).to_contain_text(text)

    async def sees_event(self, way: Literal["received", "sent", "notes"], name: str, text: str = "") -> None:
        """Wait until the log has an event of this direction and name, with this in its payload."""
        entries = self.page.get_by_role("log", name="Events").locator(f"li.{way}")
        entry = entries.filter(has=self.page.locator(".name").get_by_text(name, exact=True))
        await expect(entry.filter(has_text=text).first).to_be_visible()

    async def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        return await self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    async def refuse_others(self, route: Route, request: Request) -> None:
        """Let through what stays on this machine."""
        url = urlsplit(request.url)
        if url.scheme == "file" or url.hostname in _LOOPBACK:
            await route.continue_()
        else:
            self.troubles.append(f"asked for {request.url}")
            await route.abort()

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(f"{message.type}: {message.text}")

    def _failed(self, error: Error) -> None:
        self.troubles.append(f"error: {error.message}")


async def open_window(
    browser: Browser,
    url: str,
    size: tuple[int, int] = DESKTOP,
    scheme: Scheme = "light",
    *,
    scripts: bool = True,
) -> Window:
    """Return a window that shows the page at an address, with or without its scripts."""
    width, height = size
    context = await browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, java_script_enabled=scripts
    )
    window = Window(await context.new_page())
    await context.route("**/*", window.refuse_others)
    await window.page.goto(url)
    return window


@asynccontextmanager
async def untroubled() -> AsyncGenerator[list[Window]]:
    """Hold windows. At the end they are closed, and none may have complained, or have asked another machine."""
    windows: list[Window] = []
    yield windows
    troubles = [trouble for window in windows for trouble in window.troubles]
    for window in windows:
        await window.close()
    assert troubles == []
