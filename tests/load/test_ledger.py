"""What a process remembers reaches the one that judges unchanged."""

from load.ledger import DOUBTFUL, SENT, STORED, Book, Ledger


def test_a_ledger_is_handed_over_whole():
    """In parts of any size, and two of them add up."""
    ledger = Ledger()
    first = ledger.book(3).add(1_000_000, 1_000_001, (4, 5))
    ledger.book(3).settle(first, STORED)
    ledger.book(3).exceptions.extend([7, 8])
    ledger.book(3).denied.append((0, 5))
    ledger.book(9).add(2_000_000, 2_000_002, (3,))
    visit = ledger.visit(4, 500)
    visit.arrive(3, 0)
    visit.arrive(2**31, 2**31)
    visit.closed, visit.left, visit.disorder = 900, True, 1
    ledger.miss(1_500_000, 7)
    ledger.strange["odd"] += 1
    ledger.late.append((1, 2, 3, 4))

    other = Ledger()
    other.miss(1_900_000, 1)
    for part in ledger.pack(1):
        other.unpack(part)

    assert {sender: book.pack() for sender, book in other.books.items()} == {
        sender: book.pack() for sender, book in ledger.books.items()
    }
    assert other.books[3].audience(0) == (4, 5)
    assert other.visits == ledger.visits
    assert list(other.visits[0].pairs()) == [(3, 0), (2**31, 2**31)]
    assert other.unsent == {1: (2, 8)}
    assert (other.strange, other.late) == (ledger.strange, ledger.late)


def test_what_ended_too_soon_to_be_known_is_doubtful():
    """Only what is not settled, and only what was sent since then."""
    book = Book()
    for at in (100, 200, 300):
        book.add(at, at, (1,))
    book.settle(2, STORED)
    book.doubt(150)
    assert list(book.outcomes) == [SENT, DOUBTFUL, STORED]


def test_for_whom_it_was_can_be_told_later():
    """Where only the server knows."""
    book = Book()
    number = book.add(1, 1, (1, 2, 3))
    book.settle(number, STORED, (2,))
    assert book.audience(number) == (2,)
