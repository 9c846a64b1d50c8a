"""Numbers and settings as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from math import floor, log10

from load.result import Result

__all__ = ["day", "lead", "number", "settings", "span", "told"]

_STANDS_IN = {"ferretdb": "MongoDB", "valkey": "Redis", "keydb": "Redis", "dragonfly": "Redis"}
"""What is no engine that is documented, but speaks as one."""


def told(value: float | None, unit: str = "") -> str:
    """Return a figure with its unit: "1,234", "12.3 ms", "99.95 %"; a dash for none."""
    if value is None:
        return "-"
    if unit == "%":
        return f"{_share(value)} %"
    return f"{number(value)} {unit}".strip()


def number(value: float) -> str:
    """Return a number with three digits at most, or all digits before the point."""
    if value == int(value):
        return f"{value:,.0f}"
    places = 2 - floor(log10(abs(value)))
    text = f"{value:,.{max(0, places)}f}" if places < 7 else f"{value:.2e}"
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def _share(value: float) -> str:
    """Return a share in percent. What is not all is never told as 100, and what is not nothing never as 0."""
    for places in (0, 1, 2, 3, 4, 5, 6):
        text = f"{100 * value:.{places}f}"
        whole = float(text) in (0.0, 100.0)
        if abs(float(text) - 100 * value) < 0.005 and not (whole and value not in (0.0, 1.0)):
            break
    return text


def span(seconds: float) -> str:
    """Return a time: "45 s", "2:05 min", "1:00:00 h"."""
    whole = round(seconds)
    if whole < 60:
        return f"{number(round(seconds, 1))} s"
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02} h" if hours else f"{minutes}:{left:02} min"


def day(instant: float) -> str:
    """Return an instant as people write it."""
    return datetime.fromtimestamp(instant, UTC).strftime("%-d %B %Y, %H:%M UTC")


def settings(found: Mapping[str, str | int | float]) -> list[tuple[str, str]]:
    """Return what is to be known of where a run was made. What stands in for an engine is named so."""
    return [(name, _named(number(value) if isinstance(value, int | float) else value)) for name, value in found.items()]


def _named(text: str) -> str:
    for name, engine in _STANDS_IN.items():
        if name in text.lower() and "stand" not in text.lower():
            return f"{text} (stands in for {engine})"
    return text


def lead(result: Result) -> str:
    """Return what was done, in a sentence."""
    population, traffic = result.plan["population"], result.plan["traffic"]
    took = max((phase.ended for phase in result.phases), default=0.0)
    done = result.verdict
    speech = f"{number(traffic['rate'])} messages a second at the full rate" if done.sent else "silence"
    people = f"{number(population['users'])} users of the {result.plan['contract']} contract, {speech}, {span(took)}"
    if not done.sent:
        return f"{people}."
    what = f"{number(done.stored)} of {number(done.sent + done.unsent)} messages were stored"
    return f"{people}: {what}, {number(done.delivered)} of {number(done.expected)} deliveries were made."
