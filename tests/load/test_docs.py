"""`load/README.md` and `load/sizing.md`: what they say is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from load import sizing
from load.plan import Plan, names, read
from load.thresholds import BY_NAME, demands

HERE = Path(sizing.__file__).parent
README = (HERE / "README.md").read_text(encoding="utf-8")
SIZING = (HERE / "sizing.md").read_text(encoding="utf-8")


def row(plan: Plan) -> str:
    """Return the line of a scenario."""
    done = ", ".join(dict.fromkeys(f"`{phase.action}`" for phase in plan.phases if phase.action))
    limits = ", ".join(f"`{name}` {limit:g}" for name, limit in plan.thresholds.items())
    speaks = any(phase.rate for phase in plan.phases)
    return (
        f"| [`{plan.name}`](scenarios/{plan.name}.toml) | {plan.title} | {plan.contract} | {plan.population.users:,} "
        f"| {plan.traffic.rate if speaks else 0:g} | {plan.duration:,.0f} | {done} | {limits} |"
    )


def test_the_table_of_scenarios_is_that_of_the_files():
    """No more, no fewer, and in the sizes that they have."""
    wanted = [row(read(name)) for name in names()]

    assert [line for line in README.splitlines() if line.startswith("| [`")] == wanted, "\n" + "\n".join(wanted)


def test_the_example_of_thresholds_can_be_used():
    """Its names are known."""
    (example,) = re.findall(r"```toml\n\[thresholds\]\n(.*?)```", README, re.DOTALL)
    named = re.findall(r"^(\w+) = ", example, re.MULTILINE)

    assert named
    assert set(named) <= set(BY_NAME)
    assert demands(read("friends-10"))


@pytest.mark.parametrize("text", [README, SIZING], ids=["README", "sizing"])
def test_links_lead_somewhere(text: str):
    """To files beside it, or elsewhere in the repository."""
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        assert (HERE / link).exists(), link


def test_commands_of_the_sizing_page_are_understood():
    """Options, and names of scenarios."""
    assert set(re.findall(r"parley load ([a-z0-9-]+)", README + SIZING)) <= set(names())
    options = set(re.findall(r"--([a-z]+)", re.search(r"python -m load\.sizing.*", SIZING)[0]))  # pyright: ignore[reportOptionalSubscript]  (None fails the test)
    assert options == {"check", "users"}
