"""The transcript: one clock, one order, readable lines."""

from e2e.harness.transcript import Transcript


def test_records_of_all_clients_are_in_one_order_on_one_clock():
    """Records stand in the order in which they were made, whoever made them, and time never goes back."""
    transcript = Transcript()

    made = [transcript.add(f"client {number % 3}", "sent", "message", number) for number in range(10)]

    assert transcript.records == made
    instants = [record.at for record in made]
    assert instants == sorted(instants)


def test_a_line_says_who_what_and_which_way():
    """A line of the printed transcript has the client, the direction, the packet and its arguments."""
    transcript = Transcript()
    transcript.add("Alice", "sent", "message", "hello", ack=7)
    transcript.add("Bob", "received", "CONNECT_ERROR", {"message": "no"}, namespace="/nowhere")

    _, first, second = str(transcript).splitlines()

    assert first.endswith('Alice        -> message ack=7 "hello"')
    assert second.endswith('Bob          <- CONNECT_ERROR /nowhere {"message": "no"}')


def test_a_long_argument_is_cut():
    """A megabyte does not bury the rest of the transcript, and a control character does not garble it."""
    transcript = Transcript()
    transcript.add("Alice", "sent", "message", "\x00" + "x" * 1_000_000)

    line = str(transcript).splitlines()[1]

    assert len(line) < 500
    assert "1000008 characters" in line
    assert "\x00" not in line
