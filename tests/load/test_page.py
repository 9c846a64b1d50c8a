"""`load.report`: the page of a run, as text and in a browser, and the files beside it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from e2e.harness import browser as browsers
from e2e.harness.browser import DESKTOP, PHONE, open_window
from load.report import write
from load.report.html import VERDICTS, page
from load.report.words import number, settings, span, told
from load.result import Result, Verdict, load
from load.thresholds import BY_NAME, judge
from tests.load.results import flat, generator, phase, plan, result
from tests.load.simulated import simulated

HOSTILE = "</style><script>document.title='owned'</script><img src=x onerror=document.title='owned'>\x1b[2J"


def text(found: Result, baseline: Result | None = None) -> str:
    """Return the words of a page, without markup."""
    body = re.sub(r"<style>.*?</style>", "", page(found, baseline), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    if lack := browsers.missing():
        pytest.skip(lack)
    async with browsers.chromium() as browser:
        yield browser


def test_the_headline_is_the_verdict():
    """With what failed: its value, and what was demanded of it."""
    slow = result(
        phases=[phase(intended=flat(80.0))], verdict=Verdict(sent=50, stored=50, lost=2, examples=["lost: that one"])
    )
    found = text(judge(slow, plan(p99_ms=50)))

    assert "Made: failed" in found
    assert "p99_ms 80 ms , demanded at most 50 ms: 99 of 100 deliveries took at most" in found
    assert "lost 2 , demanded at most 0" in found
    assert "lost: that one" in found
    assert "Made: passed" in text(judge(result(), plan()))


def test_a_run_that_is_not_valid_says_why():
    """Instead of a verdict."""
    found = text(judge(result(processes=[generator(0.9)]), plan()))

    assert "Made: not valid" in found
    assert "used 90% of a core" in found


def test_a_figure_that_could_not_be_had_is_not_known():
    """Where it is demanded."""
    assert "rss_growth_mb not known , demanded at most 10 MB" in text(judge(result(), plan(rss_growth_mb=10)))


def test_the_page_says_where_it_was_run():
    """Everything of the setting; what stands in for an engine is named so."""
    run = judge(result(setting={"commit": "abc123", "cores": 2, "mongodb": "FerretDB 2.5.0"}), plan())

    found = text(run)
    assert "commit abc123" in found
    assert "cores 2" in found
    assert "mongodb FerretDB 2.5.0 (stands in for MongoDB)" in found
    assert settings({"mongodb": "8.0.4"}) == [("mongodb", "8.0.4")]


def test_intended_stands_beside_actual():
    """For each phase."""
    run = judge(result(phases=[phase("hold", intended=flat(7.0), actual=flat(3.0))]), plan())
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", page(run).split('aria-label="Phases"')[1].split("</table>")[0])

    assert cells[-10:] == ["7"] * 5 + ["3"] * 5


def test_a_baseline_stands_beside_the_figures():
    """With the ratio, in which direction it goes, and a warning if the two were not made alike."""
    before = judge(result(phases=[phase(intended=flat(4.0))]), plan())
    other = replace(before, setting={"commit": "other", "cores": 8})
    now = judge(result(phases=[phase(intended=flat(8.0))]), plan())

    assert "8 ms 4 ms 2.00 worse" in text(now, before)
    assert "4 ms 8 ms 0.50 better" in text(before, now)
    assert "not of the same kind" not in text(now, before)
    assert "The two runs are not of the same kind: cores: 8, now 2." in text(now, other)


def test_every_count_of_the_verdict_is_explained():
    """And none is left out."""
    counts: dict[str, Any] = {name: 1_000 + at for at, name in enumerate(VERDICTS)}
    found = text(judge(result(verdict=Verdict(**counts)), plan()))

    assert [*VERDICTS, "examples"] == list(Verdict.__slots__)
    for at, (name, meaning) in enumerate(VERDICTS.items()):
        assert f"{name} {meaning.replace(chr(39), '&#39;')} {1_000 + at:,}" in found


def test_nobody_writes_into_the_page():
    """Neither who names a scenario, nor a server, nor a machine."""
    run = result(
        plan={**plan().dump(), "title": HOSTILE, "about": HOSTILE, "name": HOSTILE},
        setting={HOSTILE: HOSTILE},
        phases=[phase(HOSTILE, action=HOSTILE)],
        verdict=Verdict(lost=1, examples=[HOSTILE]),
        failures={HOSTILE: 1},
        operations={HOSTILE: 1},
        processes=[replace(generator(), name=HOSTILE)],
    )
    found = page(judge(run, plan()))

    assert "<script" not in found
    assert "<img" not in found
    assert "\x1b" not in found
    assert "script" not in re.search(r'Security-Policy" content="([^"]*)"', found)[1]  # pyright: ignore[reportOptionalSubscript]  (None fails the test)


def test_a_run_leaves_three_files(tmp_path: Path):
    """The result, a small verdict, and the page; the result is read again as it was."""
    run = simulated()
    files = write(run, tmp_path / "made" / "here")

    assert [it.name for it in files] == ["result.json", "verdict.json", "report.html"]
    again = load(files[0])
    assert again.figures == run.figures
    assert page(again) == page(run) == files[2].read_text(encoding="utf-8")
    assert json.loads(files[1].read_text())["outcome"] == "passed"


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_page_fits(browser: Browser, tmp_path: Path, size, scheme):
    """Nothing troubles it, nothing is wider than the window, every plot is drawn and named."""
    *_, file = write(simulated("rolling-kill", lost=3), tmp_path, simulated("rolling-kill"))
    window = await open_window(browser, file.as_uri(), size, scheme)
    plots = window.page.locator("figure.plot")

    assert await window.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert await plots.count() == 10
    for at in range(10):
        area = plots.nth(at).locator("svg.area")
        await expect(area).to_have_attribute("aria-label", re.compile(": .* (peak|lowest) "))
        box = await area.bounding_box()
        assert box
        assert box["height"] > 100
        assert box["width"] > size[0] / 3
        assert await area.locator("polyline").count()
    await expect(window.page.locator("h1")).to_have_text("Every server is killed: failed")
    assert window.troubles == []
    await window.close()


async def test_lines_end_where_the_plot_ends(browser: Browser, tmp_path: Path):
    """They are drawn in a box that is stretched: a point of a line stands on the line of the grid of its value."""
    *_, file = write(simulated("friends-10"), tmp_path)
    window = await open_window(browser, file.as_uri(), DESKTOP, "light")
    tops = "all => all.map((it) => it.getBoundingClientRect().top)"
    (line,) = await window.page.locator("#users polyline").evaluate_all(tops)
    levels = await window.page.locator("#users line.grid[x1='0']").evaluate_all(tops)

    assert abs(min(levels) - line) < 2
    await window.close()


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (None, "ms", "-"), (0, "", "0"), (1234567, "", "1,234,567"), (12.345, "ms", "12.3 ms"), (0.05, "", "0.05"),
        (1.0, "%", "100 %"), (0.99999, "%", "99.999 %"), (0.0, "%", "0 %"), (0.00004, "%", "0.004 %"),
    ],
)  # fmt: skip
def test_numbers_are_told_as_people_read_them(value: float | None, unit: str, words: str):
    """What is not all is never told as all."""
    assert told(value, unit) == words


def test_times_are_told_as_people_read_them():
    """Seconds, minutes, hours."""
    assert [span(at) for at in (0.25, 59, 61, 3725)] == ["0.2 s", "59 s", "1:01 min", "1:02:05 h"]
    assert number(0.000_123) == "0.000123"


def test_every_figure_is_on_the_page():
    """That could be had: some only of an hour, some only where something is done to clients or servers."""
    found = page(simulated("soak")) + page(simulated("rolling-kill"))

    assert [name for name in BY_NAME if f"<code>{name}</code>" not in found] == []
