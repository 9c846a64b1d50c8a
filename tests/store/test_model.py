"""A mailbox held to a model of a few lines: whatever is done to both, they say the same."""

from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.store.base import Message, NewMessage, Store
from tests.store.records import HAN, LEIA, OBI, message, stored

USERS = (HAN, OBI, LEIA)


@dataclass(frozen=True)
class Append:
    sender: str
    recipients: frozenset[str]
    text: str


@dataclass(frozen=True)
class Confirm:
    user: str
    which: tuple[int, ...]
    """Positions among the messages appended so far, modulo their number."""


@dataclass(frozen=True)
class Page:
    user: str
    before: int
    limit: int


STEPS = st.lists(
    st.builds(
        Append, st.sampled_from(USERS), st.frozensets(st.sampled_from(USERS)), st.text(st.characters(codec="utf-8"))
    )
    | st.builds(Confirm, st.sampled_from(USERS), st.lists(st.integers(0, 20), max_size=4).map(tuple))
    | st.builds(Page, st.sampled_from(USERS), st.integers(0, 20), st.integers(1, 4)),
    max_size=30,
)


@dataclass
class Model:
    """A mailbox as plain data."""

    messages: list[NewMessage] = field(default_factory=list)
    confirmed: set[tuple[str, str]] = field(default_factory=set)

    def pending(self, user: str, limit: int) -> list[Message]:
        held = (new for new in reversed(self.messages) if user in (new.recipients or ()))
        return [stored(new) for new in held if (user, new.id) not in self.confirmed][:limit]

    def history(self, user: str, before: str | None, limit: int) -> list[Message]:
        held = (new for new in reversed(self.messages) if user in (new.sender, *(new.recipients or ())))
        return [stored(new) for new in held if before is None or new.id < before][:limit]


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each example has a mailbox of its own
)
@given(steps=STEPS)
async def test_a_mailbox_behaves_like_its_model(store: Store, steps: list[Append | Confirm | Page]):
    """After any sequence of appends and confirmations, pending messages and pages of history are the model's."""
    mailbox = message(HAN).id
    model = Model()
    for step in steps:
        ids = [new.id for new in model.messages] or ["unknown"]
        match step:
            case Append(sender, recipients, text):
                new = message(sender, *sorted(recipients), text=text, mailbox=mailbox)
                assert await store.append(new) == new.recipients
                if recipients:
                    model.messages.append(new)
            case Confirm(user, which):
                chosen = [ids[i % len(ids)] for i in which]
                await store.confirm(user, chosen)
                model.confirmed |= {(user, chosen_id) for chosen_id in chosen}
            case Page(user, before, limit):
                below = ids[before % len(ids)]
                page = await store.history(mailbox, user, below, limit)
                assert page == model.history(user, below, limit)
                assert await store.pending(mailbox, user, limit) == model.pending(user, limit)
    for user in USERS:
        assert await store.pending(mailbox, user, 100) == model.pending(user, 100)
        assert await store.history(mailbox, user, None, 100) == model.history(user, None, 100)
