"""Who may open a session: limits on sessions, per server and per address, and on how fast they come.

Each refusal has a name, a status and a sentence, and is counted under its name.
"""

from __future__ import annotations

import ipaddress
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

__all__ = ["LIMITS", "Admission", "Bucket", "Limits", "Network", "TooManyError", "client_address", "subscriber"]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_WRITTEN = re.compile(r"\[(?P<six>[^]]*:[^]]*)\](?::\d+)?|(?P<four>[\d.]+):\d+")
"""An address with what a proxy may put around it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What can be limited; 0 is no limit.

    Attributes:
        connections: sessions of this server.
        connections_per_address: sessions of one client address, of IPv6 of one /64 network.
        connects_per_second: new sessions of one client address, or network; twice as many may come at once.
        unauthenticated: sessions of this server that have not said who they are: that are in no namespace yet, or
            are nobody's in theirs.
        events_per_second: of one session; twice as many may come at once.

    """

    connections: int = 100_000
    connections_per_address: int = 20_000
    connects_per_second: int = 500
    unauthenticated: int = 10_000
    events_per_second: int = 5_000


LIMITS: Final[Mapping[str, tuple[int, str]]] = {
    "connections": (503, "Too many connections"),
    "connections_per_address": (429, "Too many connections from this address"),
    "connects_per_second": (429, "Too many new connections from this address"),
    "unauthenticated": (503, "Too many connections that have not authenticated"),
    "events_per_second": (429, "Too many events"),
}
"""By name: the HTTP status of a refusal, and its text."""


class TooManyError(Exception):
    """A limit was exceeded.

    Attributes:
        status: for an HTTP answer.
        text: which limit it was.

    """

    def __init__(self, limit: str) -> None:
        self.status, self.text = LIMITS[limit]
        super().__init__(self.text)


class Bucket:
    """A token bucket: `rate` tokens a second, at most twice as many saved up."""

    __slots__ = ("_clock", "_rate", "_tokens", "_when")

    def __init__(self, rate: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._tokens = 2.0 * rate
        self._when = clock()

    def take(self) -> bool:
        """Take a token. Return False if there is none."""
        now = self._clock()
        self._tokens = min(2.0 * self._rate, self._tokens + (now - self._when) * self._rate)
        self._when = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    @property
    def full(self) -> bool:
        """Whether it has not been used lately."""
        return self._tokens + (self._clock() - self._when) * self._rate >= 2.0 * self._rate


class Admission:
    """Counts sessions and refuses those over a limit.

    Attributes:
        refusals: how often each limit of `LIMITS` was exceeded.

    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self.refusals: Counter[str] = Counter()
        self._clock = clock
        self._by_address: Counter[str] = Counter()
        self._connects: dict[str, Bucket] = {}
        self._sessions = self._unauthenticated = 0

    def admit(self, address: str) -> None:
        """Count a new session. Raise `TooManyError` for one that is too many."""
        limits, address = self.limits, subscriber(address)
        if limits.connections and self._sessions >= limits.connections:
            self.refuse("connections")
        if limits.unauthenticated and self._unauthenticated >= limits.unauthenticated:
            self.refuse("unauthenticated")
        if limits.connections_per_address and self._by_address[address] >= limits.connections_per_address:
            self.refuse("connections_per_address")
        if limits.connects_per_second and not self._bucket(address).take():
            self.refuse("connects_per_second")
        self._sessions += 1
        self._unauthenticated += 1
        self._by_address[address] += 1

    def _bucket(self, address: str) -> Bucket:
        bucket = self._connects.get(address)
        if bucket is None:
            if len(self._connects) >= 10_000:
                self._connects = {one: known for one, known in self._connects.items() if not known.full}
            bucket = self._connects[address] = Bucket(self.limits.connects_per_second, self._clock)
        return bucket

    def refuse(self, limit: str) -> NoReturn:
        """Count a refusal and raise it."""
        self.refusals[limit] += 1
        raise TooManyError(limit)

    def authenticated(self) -> None:
        """Hear that a session has said who it is."""
        self._unauthenticated -= 1

    def release(self, address: str, *, authenticated: bool) -> None:
        """Hear that an admitted session has ended."""
        address = subscriber(address)
        self._sessions -= 1
        self._unauthenticated -= not authenticated
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]


def client_address(scope: Any, trusted: Sequence[Network]) -> str:
    """Return the address that a request came from.

    `X-Forwarded-For` is believed as far as its hops are trusted proxies, counted from the server: it is the last
    address in it that is not one. A port after an address is none of it. A hop that is no address, such as `unknown`,
    ends what can be believed: then it is the proxy's that said so.
    """
    address: str = (scope.get("client") or ("",))[0]
    if not trusted:
        return address
    forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for").decode("latin-1")
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    while hops and _within(address, trusted):
        hop = _parsed(hops.pop())
        if hop is None:
            break
        address = str(hop)
    return address


def subscriber(address: str) -> str:
    """Return what the limits for each address count as one: of IPv6 the /64 network, which one subscriber has whole."""
    parsed = _parsed(address)
    return str(ipaddress.IPv6Network((int(parsed) >> 64 << 64, 64))) if parsed and parsed.version == 6 else address


def _within(address: str, networks: Sequence[Network]) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address of `1.2.3.4`, `1.2.3.4:5`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:5`, else None."""
    match = _WRITTEN.fullmatch(text)
    try:
        parsed = ipaddress.ip_address(match["six"] or match["four"] if match else text)
    except ValueError:
        return None
    return parsed.ipv4_mapped or parsed if parsed.version == 6 else parsed
