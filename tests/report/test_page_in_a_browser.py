"""`e2e.report.html` in headless Chromium: what a reader sees and does."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, expect

from e2e.harness.browser import DESKTOP, PHONE
from e2e.verify.result import Entry, Failure
from tests.report.conftest import Show, sample
from tests.report.reports import HOSTILE, failed, report, requirement, with_every_verdict

ECHOED = "FRIENDS-MESSAGE-002"
"""What the server of the sample `echoes` does not do."""

UNNAMED = """
() => [...document.querySelectorAll("input, button, summary, [tabindex='0'], [role=img], [role=group]")]
    .filter((it) => !it.labels?.length && !it.ariaLabel && !it.textContent.trim()).map((it) => it.outerHTML)
"""
"""What a person who does not see the page could not tell from another."""


def row(page: Page, name: str) -> Locator:
    return page.locator(f"details.row[id='{name}']")


def shown(page: Page) -> Locator:
    return page.locator("details.row:visible > summary")


async def test_a_failure_is_two_clicks_away(show: Show):
    """The list of what is wrong leads to the row, which opens: sentence, expected, got, and the diagram."""
    window = await show([sample("echoes")])
    await window.page.get_by_role("link", name=ECHOED).click()
    opened = row(window.page, ECHOED)

    await expect(opened.locator(".panel.expected").first).to_contain_text('message is "to Alice"')
    await expect(opened.locator(".panel.got").first).to_contain_text("message is 'to Bob', want 'to Alice'")
    await expect(opened.locator(".diagram").first).to_be_visible()
    await expect(opened.locator(".origin")).to_contain_text("a server without it does not conform")
    await expect(opened).to_be_in_viewport()
    await expect(window.page.locator("details.row[open]")).to_have_count(1)


async def test_the_diagram_shows_who_told_whom(show: Show):
    """A lifeline for each client and the server, arrows between them, and the failure on the lifeline that waited."""
    window = await show([sample("echoes")], ECHOED)
    diagram = row(window.page, ECHOED).locator(".diagram").first

    heads = await diagram.locator(".heads text").all_text_contents()
    assert "server" in heads
    assert "Alice" in heads
    lines = await places(diagram.locator(".lifelines line"))
    assert len(lines) == len(heads)
    ends = await diagram.locator(".step.sent .arrow line").evaluate_all(
        "all => all.map((it) => it.getBoundingClientRect()).map((it) => [it.left, it.right])"
    )
    middle = lines[heads.index("server")]
    assert ends
    for left, right in ends:
        assert min(abs(left - middle), abs(right - middle)) < 2, "an arrow ends where the server is not"
    (cross,) = await places(diagram.locator(".cross"))
    assert abs(cross - lines[heads.index("Alice")]) < 2
    await expect(diagram.locator(".step.failed")).to_contain_text("The test failed here.")
    await expect(diagram.locator(".step.refused .why").last).to_contain_text("message is 'to Bob', want 'to Alice'")


async def places(them: Locator) -> list[float]:
    """Return the middles of elements, in pixels from the left."""
    return await them.evaluate_all(
        "all => all.map((it) => it.getBoundingClientRect()).map((it) => (it.left + it.right) / 2)"
    )


async def test_time_runs_downwards(show: Show):
    """No step stands above one that was before it."""
    window = await show([sample("echoes")], ECHOED)
    diagram = row(window.page, ECHOED).locator(".diagram").first
    tops = await diagram.locator(".step").evaluate_all("all => all.map((it) => it.getBoundingClientRect().top)")
    instants = [float(text) for text in await diagram.locator(".step .time").all_text_contents() if text[:1].isdigit()]

    assert tops == sorted(tops)
    assert instants == sorted(instants)


async def test_a_payload_opens(show: Show):
    """Its line is cut; a click shows all of it, indented."""
    transcript = Entry(0.1, "Ann", "received", "message", ({"text": "word " * 60, "last": 1},))
    window = await show([report(requirement("A-001", "FAIL", failed(None, transcript)))], "FRIENDS-A-001")
    await window.page.locator(".said summary").click()
    await expect(window.page.locator(".said pre")).to_contain_text('"last": 1')


async def test_verdicts_filter_the_rows(show: Show):
    """Each button shows its own, with its number; the areas without any go."""
    window = await show([with_every_verdict()])
    await window.page.get_by_role("button", name="XPASS 1").click()

    await expect(shown(window.page)).to_have_count(1)
    await expect(shown(window.page)).to_contain_text("FRIENDS-XPASS-001")
    await expect(window.page.locator(".area:visible")).to_have_count(1)
    await expect(window.page.get_by_role("button", name="XPASS 1")).to_have_attribute("aria-pressed", "true")
    await expect(window.page.locator(".found")).to_have_text("1 of 7 shown")


async def test_words_filter_the_rows(show: Show):
    """Of the id and the sentence, in any order and case; Escape shows all again."""
    window = await show([sample("echoes")])
    everything = await shown(window.page).count()
    await window.page.keyboard.press("/")
    await window.page.keyboard.type("SENDER message-002")

    await expect(shown(window.page)).to_have_count(1)
    await window.page.keyboard.press("Escape")
    await expect(shown(window.page)).to_have_count(everything)


async def test_a_link_to_a_row_shows_it_whatever_is_filtered(show: Show):
    """A link that was sent to a colleague, or one of the list above."""
    window = await show([sample("echoes")], ECHOED)
    await expect(row(window.page, ECHOED)).to_have_attribute("open", "")

    await window.page.get_by_role("button", name="PASS", exact=False).last.click()
    await expect(row(window.page, ECHOED)).to_be_hidden()
    await window.page.get_by_role("link", name=ECHOED).click()
    await expect(row(window.page, ECHOED)).to_be_visible()


async def test_a_keyboard_is_enough(show: Show):
    """`n` goes to the next failure, Enter opens it, `j` and `k` go to the rows beside it."""
    window = await show([with_every_verdict()])
    await window.page.keyboard.press("n")
    await window.page.keyboard.press("Enter")
    await expect(row(window.page, "FRIENDS-FAIL-001")).to_have_attribute("open", "")

    await window.page.keyboard.press("j")
    await expect(row(window.page, "FRIENDS-XFAIL-001").locator("> summary")).to_be_focused()
    await window.page.keyboard.press("k")
    await expect(row(window.page, "FRIENDS-FAIL-001").locator("> summary")).to_be_focused()
    await window.page.keyboard.press("n")
    await expect(row(window.page, "FRIENDS-XPASS-001").locator("> summary")).to_be_focused()


async def test_implementations_stand_side_by_side(show: Show):
    """What differs comes first; a row has what each of them did."""
    window = await show([sample("conforms"), sample("echoes"), sample("faulty")])
    first = shown(window.page).first

    await expect(window.page.locator("h3").first).to_contain_text("Different")
    assert len(set(await first.locator(".v").all_text_contents())) > 1
    await first.click()
    for label in ("Parley 0.1.0", "A server that echoes", "A server with three faults"):
        await expect(window.page.locator("details.row[open] .run").filter(has_text=label)).to_be_visible()

    await window.page.get_by_role("button", name="Different").click()
    await expect(window.page.locator("h3:visible")).to_have_count(1)


async def test_nothing_that_a_server_sent_runs(show: Show):
    """Markup stays text, wherever it was sent, and nobody is asked for anything."""
    failure = Failure(HOSTILE, HOSTILE, HOSTILE, HOSTILE, 0.5, HOSTILE, HOSTILE)
    transcript = Entry(0.1, HOSTILE, "received", HOSTILE, (HOSTILE,))
    found = requirement("A-001", "FAIL", failed(failure, transcript, title=HOSTILE), text=HOSTILE, source=HOSTILE)
    window = await show([report(found, label=HOSTILE, targets=(HOSTILE,))], "FRIENDS-A-001")

    await expect(window.page.locator(".step.received")).to_be_visible()
    assert await window.page.title() != "owned"
    assert await window.page.locator("script").count() == 1
    assert await window.page.locator("img").count() == 0
    await expect(row(window.page, "FRIENDS-A-001")).to_contain_text("</script><script>document.title='owned'</script>")


async def test_the_policy_holds_what_a_mistake_would_let_through(show: Show):
    """Even markup that was put into the page runs nothing: the browser refuses it."""
    window = await show([report()])
    window.expects_failures()
    await window.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<b onclick=\"document.title=1\">x</b>')")
    await window.page.locator("body > b").click()
    assert await window.page.title() != "1"


async def test_without_its_script_everything_is_there(show: Show):
    """Where a CI serves pages without scripts: rows open, and what only a script can do is not offered."""
    window = await show([sample("echoes")], scripts=False)
    await row(window.page, ECHOED).locator("> summary").click()

    await expect(row(window.page, ECHOED).locator(".diagram").first).to_be_visible()
    await expect(window.page.locator(".filter")).to_be_hidden()
    await expect(window.page.locator(".keys")).to_be_hidden()


@pytest.mark.parametrize("names", [["faulty"], ["conforms", "echoes", "faulty"]], ids=["one", "three"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_nothing_is_wider_than_the_window(show: Show, names: list[str], size: tuple[int, int]):
    """With every row open; a diagram that is too wide scrolls by itself."""
    window = await show([sample(name) for name in names], size=size)
    await window.page.evaluate("for (const it of document.querySelectorAll('details')) it.open = true")
    assert await window.overflow() <= 0


async def test_a_word_without_end_breaks(show: Show):
    """In every place where a server's or an author's words are."""
    endless = "endless" * 100
    failure = Failure(endless, endless, endless, endless, 0.5, "Ann", endless)
    transcript = Entry(0.1, "Ann", "received", endless, (endless,))
    found = requirement("A-001", "FAIL", failed(failure, transcript, title=endless), text=endless, source=endless)
    window = await show([report(found, label=endless, targets=(endless,))], "FRIENDS-A-001", size=PHONE)
    assert await window.overflow() <= 0


async def test_everything_that_can_be_used_has_a_name(show: Show):
    """For those who hear the page."""
    window = await show([sample("faulty")])
    assert await window.page.evaluate(UNNAMED) == []


async def test_the_page_is_light_or_dark_as_its_reader_has_it(show: Show):
    """The ground is bright in the one colour scheme, and dark in the other."""
    brightness = "Math.max(...getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number))"
    light = await show([report()], scheme="light")
    dark = await show([report()], scheme="dark")

    assert await light.page.evaluate(brightness) > 200
    assert await dark.page.evaluate(brightness) < 50
