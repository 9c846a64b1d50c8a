"""On which servers a test runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.engine.hazards.setup import Setup

__all__ = ["Wanted", "both", "ours"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A server that a test runs on.

    Attributes:
        kind: `stock` or `own`.
        setup: its options.
        shared: whether other tests may use the same process.

    """

    kind: str
    setup: Setup
    shared: bool


def both(row: int, flaw: str, *, shared: bool = False, **options: Any) -> pytest.MarkDecorator:
    """Run a test on both kinds of server; on the stock classes it must fail.

    Args:
        row: of the table of what they get wrong, in the issue that this engine was made for.
        flaw: what they do.
        shared: whether the test leaves the server as it found it, even where it fails.
        options: of the servers.

    """
    setup = Setup(**options)
    fails = pytest.mark.xfail(strict=True, raises=(AssertionError, OSError), reason=f"row {row}: {flaw}")
    kinds = [
        pytest.param(Wanted("stock", setup, shared), id="stock", marks=fails),
        pytest.param(Wanted("own", setup, shared), id="own"),
    ]
    return pytest.mark.parametrize("server", kinds, indirect=True)


def ours(*, shared: bool = True, **options: Any) -> pytest.MarkDecorator:
    """Run a test on our engine alone, on the event loop that `both` does not use."""
    wanted = Wanted("own", Setup(uvloop=False, **options), shared)
    return pytest.mark.parametrize("server", [pytest.param(wanted, id="own")], indirect=True)
