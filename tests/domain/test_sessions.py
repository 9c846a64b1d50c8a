"""`app.domain.sessions`: who somebody said to be, on every server, until the session has not been used for a while."""

from app.cluster.local import LocalCluster
from app.domain.sessions import Identity, Sessions
from app.gateways.base import Hub

ANN = Identity("ann", "Ann")


class Spy(LocalCluster):
    """A cluster that tells under which names values are kept."""

    @property
    def names(self) -> list[str]:
        return list(self._sessions._held)


async def test_a_session_is_known_until_its_time_has_passed():
    """The time begins anew with each use."""
    now = [0.0]
    cluster = LocalCluster(lambda: now[0])
    await cluster.open(Hub())
    sessions = Sessions("notifications", cluster, 10)
    assert await sessions.find("s1") is None
    await sessions.keep("s1", ANN)
    now[0] = 9
    await sessions.keep("s1", ANN)
    now[0] = 18
    assert await sessions.find("s1") == ANN
    assert await sessions.find("s2") is None
    now[0] = 19
    assert await sessions.find("s1") is None


async def test_the_name_of_a_session_stays_with_its_client():
    """What is kept is kept under something that nobody can connect with, and sessions of contracts are apart."""
    cluster = Spy()
    await cluster.open(Hub())
    sessions = Sessions("notifications", cluster, 10)
    await sessions.keep("secret", Identity("a:b *", "Ünïcödé 🎈"))
    assert await sessions.find("secret") == Identity("a:b *", "Ünïcödé 🎈")
    [name] = cluster.names
    assert "secret" not in name
    assert await sessions.find(name) is None
    assert await Sessions("other", cluster, 10).find("secret") is None


async def test_a_session_is_of_one_user_for_as_long_as_it_is_kept():
    """Of many who come with one that is new, all are told whose it is; a use of it changes nothing of that."""
    cluster = LocalCluster()
    await cluster.open(Hub())
    sessions = Sessions("notifications", cluster, 10)
    assert await sessions.keep("s1", ANN) == ANN
    assert await sessions.keep("s1", Identity("eve", "Eve")) == ANN
    assert await sessions.find("s1") == ANN
