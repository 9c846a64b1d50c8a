"""Every error the domain raises. How one looks on the wire is decided at the edge that sends it.

ParleyError                     code, text, whether a retry can help
 ├─ Invalid                     the request breaks a rule of its contract
 ├─ Unauthorized                no credential, or one that proves nothing
 ├─ Forbidden                   a valid credential, but not for this
 ├─ NotFound                    what it names does not exist
 ├─ Conflict                    it exists already
 ├─ TooMany                     a rate limit was exceeded
 └─ Unavailable                 a store or the cluster did not answer; what was asked for may have been done
     └─ NotSent                 it was not even asked, as it gives no sign of life or too much waits: nothing was done
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

__all__ = [
    "Conflict",
    "Forbidden",
    "Invalid",
    "NotFound",
    "NotSent",
    "ParleyError",
    "TooMany",
    "Unauthorized",
    "Unavailable",
]


class ParleyError(Exception):
    """An error that a client is told of.

    Attributes:
        text: one sentence for the client; it never names a secret, a path or a query.

    """

    code: ClassVar[str] = "error"
    retry: ClassVar[bool] = False

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Invalid(ParleyError):
    """The request breaks a rule of its contract; sending it again cannot help.

    Attributes:
        broken: a sentence for each rule that its fields break, () where it has none that could be read.

    """

    code = "invalid"

    def __init__(self, text: str = "", broken: Sequence[str] = ()) -> None:
        super().__init__(text or ", ".join(broken))
        self.broken = tuple(broken)


class Unauthorized(ParleyError):
    """There is no credential, or it proves nothing."""

    code = "unauthorized"


class Forbidden(ParleyError):
    """The credential is good, but not for what was asked."""

    code = "forbidden"


class NotFound(ParleyError):
    """What the request names does not exist."""

    code = "not_found"


class Conflict(ParleyError):
    """What the request would create exists already."""

    code = "conflict"


class TooMany(ParleyError):
    """A rate limit was exceeded.

    Attributes:
        after: whole seconds after which the same is allowed again.

    """

    code = "too_many"
    retry = True

    def __init__(self, after: float) -> None:
        self.after = max(1, math.ceil(after))
        super().__init__(f"Too many requests: try again in {self.after} s")


class Unavailable(ParleyError):
    """A store or the cluster did not answer. To ask again is safe, also where the first time was done after all."""

    code = "unavailable"
    retry = True

    def __init__(self, text: str = "Service unavailable") -> None:
        super().__init__(text)


class NotSent(Unavailable):
    """What was asked for was not passed on to a store or the cluster, so that it is certain that it was not done."""
