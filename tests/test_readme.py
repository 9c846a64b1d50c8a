"""README.md: its settings are those that there are, each told once and with its default."""

import re
from pathlib import Path
from typing import Any

from app.config import Settings

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
TABLE = README.partition("## Settings")[2].partition("\n## ")[0]
ROWS = [row.split("|")[1:3] for row in TABLE.splitlines() if row.startswith("| `")]
TOLD = [name for names, _ in ROWS for name in re.findall(r"`([A-Z_]+)`", names)]


def _defaults() -> dict[str, Any]:
    """Return the default of each setting, by each of its names."""
    found: dict[str, Any] = {}
    for field in Settings.model_fields.values():
        found |= dict.fromkeys(getattr(field.validation_alias, "choices", ()), field.default)
    return found


def test_every_setting_is_told_once():
    """Each by a name that is read, and none twice."""
    assert set(TOLD) <= set(_defaults())
    assert sorted(TOLD) == sorted(set(TOLD))


def test_every_port_is_told():
    """Each contract's, and that for services."""
    assert {name for name in _defaults() if re.fullmatch(r"([A-Z]+_)?PORT", name)} - {"REDIS_PORT"} <= set(TOLD) | {
        "DATABASE_PORT"
    }


def test_a_default_that_is_a_number_is_the_one_there_is():
    """Also where a row tells of several."""
    for names, values in ROWS:
        pairs = zip(re.findall(r"`([A-Z_]+)`", names), re.findall(r"`(.+?)`", values), strict=False)
        for name, value in pairs:
            default = _defaults()[name]
            if type(default) in (int, float) and value.replace(".", "").isdigit():
                assert float(value) == default, name
