"""The mutants: each is one change that fits the backend, and what catches it is told from what only seems to."""

import asyncio
import importlib
import re
import sys
from pathlib import Path

import pytest

from e2e.harness.process import SERVER, ServerProcess
from e2e.harness.requirements import load
from e2e.mutants import changing, run, trial
from e2e.mutants.catalog import MUTANTS
from e2e.mutants.mutant import Change, ChangeDoesNotFitError, Mutant
from e2e.mutants.outcomes import Ended, Outcome, Verdict, failed, judge, worst
from e2e.mutants.table import row, summary
from e2e.mutants.trial import Result

LEAST = 30


def outcome(ended: Ended, *ids: str, text: str = "") -> Outcome:
    made = Outcome(f"test_{ended}", ids)
    made.note(ended, text)
    return made


# the catalog


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_fits_the_backend(mutant: Mutant):
    """Every change finds the lines that it was made for, once, and what comes of it is Python."""
    assert mutant.sources()


def test_the_catalog_is_well_formed():
    """Names are different and plain, what is wrong is said in a sentence, and each id is a requirement's with tests."""
    known = load()

    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= LEAST
    for mutant in MUTANTS:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", mutant.name), mutant.name
        assert len(mutant.wrong.split()) > 3, mutant.name
        assert not mutant.wrong.endswith("."), mutant.name
        assert mutant.caught_by in known, mutant.name
        assert trial.tests_of([mutant.caught_by]), mutant.name


def test_there_are_mutants_of_every_contract():
    """All five contracts have some, and so has the internal gateway."""
    ids = [mutant.caught_by for mutant in MUTANTS]

    for prefix in ("FRIENDS-", "DIRECT-", "ROOMS-", "NOTIFICATIONS-", "PRESENCE-ONLINE-", "PRESENCE-INTERNAL-"):
        assert any(one.startswith(prefix) for one in ids), prefix


# changes


@pytest.mark.parametrize(
    ("source", "found"), [("nothing of it", 0), ("x = 1\nx = 1\n", 2)], ids=["nowhere", "more than once"]
)
def test_a_change_that_does_not_fit_is_refused(tmp_path: Path, source: str, found: int):
    """Lines that stand nowhere, or in several places, are not changed: the error says which, and how often they are."""
    (tmp_path / "one.py").write_text(source)
    mutant = Mutant("a-b", "it is", "A-1", (Change("one.py", "x = 1", "x = 2"),))

    with pytest.raises(ChangeDoesNotFitError, match=f"one.py: stands there {found} times"):
        mutant.sources(tmp_path)


def test_a_change_of_nothing_is_refused(tmp_path: Path):
    """What changes nothing, is in no file, or makes no Python is no mutant."""
    (tmp_path / "one.py").write_text("x = 1\n")
    for change in (Change("one.py", "x", "x"), Change("two.py", "x", "y"), Change("one.py", "x =", "x (")):
        with pytest.raises(ChangeDoesNotFitError):
            Mutant("a-b", "it is", "A-1", (change,)).sources(tmp_path)


def test_changes_of_one_file_are_made_one_after_the_other(tmp_path: Path):
    """Each sees what the one before it has made."""
    (tmp_path / "one.py").write_text("x = 1\n")
    changes = Change("one.py", "1", "2"), Change("one.py", "2", "3")

    assert Mutant("a-b", "it is", "A-1", changes).sources(tmp_path) == {"one": "x = 3\n"}


def test_a_module_is_imported_as_it_is_after_the_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The changed source counts, beside modules that are as they were; a module that is imported already is refused."""
    package = tmp_path / "wronged"
    package.mkdir()
    for name, text in (("__init__", ""), ("one", "x = 1\n"), ("two", "from wronged.one import x\n")):
        (package / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))

    changing.install({"wronged.one": "x = 2\n"})

    assert importlib.import_module("wronged.two").x == 2
    assert (package / "one.py").read_text() == "x = 1\n"
    with pytest.raises(RuntimeError, match="imported before"):
        changing.install({"wronged.two": ""})


async def test_the_suites_start_what_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """With `E2E_SERVER` every command is run by that module, with its arguments before those of the command."""
    monkeypatch.setenv(SERVER, "e2e.mutants.serve no-such-mutant")

    ended = await ServerProcess(tmp_path, {}).run()

    assert ended.code == 2
    assert "'no-such-mutant' is no mutant" in ended.errors


# verdicts


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ([outcome("failed", "A-1")], Verdict.CAUGHT),
        ([outcome("passed", "A-1"), outcome("failed", "A-2", "A-1")], Verdict.CAUGHT),
        ([outcome("passed", "A-1")], Verdict.SURVIVED),
        ([outcome("passed", "A-1"), outcome("failed", "A-2")], Verdict.SURVIVED),
        ([outcome("error", "A-1")], Verdict.BROKEN),
        ([outcome("passed", "A-1"), outcome("error", "A-1")], Verdict.BROKEN),
        ([outcome("skipped", "A-1")], Verdict.NOT_RUN),
        ([outcome("skipped", "A-1"), outcome("passed", "A-1")], Verdict.SURVIVED),
        ([outcome("failed", "A-2")], Verdict.BROKEN),
        ([], Verdict.BROKEN),
    ],
)
def test_a_mutant_is_caught_by_a_failing_test_of_its_requirement(outcomes: list[Outcome], verdict: Verdict):
    """By nothing else: not by another's, not by a server that did not start, and not by a run of nothing."""
    assert judge("A-1", outcomes) is verdict


def test_a_server_that_does_not_start_fails_no_requirement():
    """A test that did not get to the server, or failed at its end, has an error, in whatever phase that was noticed."""
    assert worst("call", "failed", "E   AssertionError: 2 is not 3") == "failed"
    assert worst("call", "failed", "E   e2e.harness.process.ServerDidNotStartError: ...") == "error"
    assert worst("setup", "failed", "") == worst("teardown", "failed", "") == "error"
    assert worst("call", "skipped", "") == "skipped"


def test_the_worst_end_of_a_test_counts():
    """A test that failed and could not be torn down either has an error; one that was skipped was not passed."""
    one = Outcome("test", ("A-1",))
    ends: tuple[Ended, ...] = ("passed", "failed", "passed")
    for ended in ends:
        one.note(ended, ended)

    assert (one.ended, one.text) == ("failed", "failed")
    assert failed([one, outcome("passed", "A-2")]) == {"A-1"}


# the run


@pytest.mark.parametrize("verdict", Verdict, ids=lambda verdict: verdict.value)
def test_all_but_a_caught_mutant_is_red(verdict: Verdict):
    """One that was not run is none either, where there was nothing to run it over."""
    result = Result("a-b", "it is", "A-1", verdict, frozenset({"A-2"}), (), 1.5, "because")

    assert result.red == (verdict not in (Verdict.CAUGHT, Verdict.NOT_RUN))
    assert ("because" in row(result)) == result.red


def test_the_table_says_who_is_who():
    """It has a line for each mutant, and counts them without the server that nothing is wrong about."""
    results = [
        Result("right", "nothing", "", Verdict.CAUGHT, frozenset(), (outcome("passed", "A-1"),), 2.0),
        Result("a-b", "it is", "A-1", Verdict.CAUGHT, frozenset({"A-2"}), (), 1.5),
        Result("c-d", "it is not", "A-3", Verdict.SURVIVED, frozenset(), (), 1.5, "why"),
    ]

    told = summary(results, 12.3)

    assert re.search(r"caught +A-1 +1 +1\.5 s  a-b: it is\n", told)
    assert re.search(r"survived +A-3 +0 +1\.5 s  c-d: it is not\n", told)
    assert "2 mutants in 12 s: 1 caught, 1 survived." in told
    assert "nothing is proved" not in told
    wrong = Result("right", "nothing", "", Verdict.BROKEN, frozenset({"A-1"}), (), 2.0)
    assert "nothing is proved" in summary([*results, wrong], 1)


def test_nothing_chosen_is_an_error(capsys: pytest.CaptureFixture[str]):
    """A pattern that fits no mutant ends with 2, and is named."""
    assert run.main(["-k", "no-such-thing"]) == 2
    assert "no-such-thing" in capsys.readouterr().err


@pytest.mark.timeout(240)
async def test_a_caught_mutant_a_survivor_and_the_right_server(tmp_path: Path):
    """Put to the tests of the suites: the wrong server fails its requirement, not another's, and the right one none."""
    wrong = next(mutant for mutant in MUTANTS if mutant.name == "answers-ping-by-acknowledgement-alone")
    unseen = Mutant(wrong.name, wrong.wrong, "DIRECT-AUTH-003", wrong.changes)
    environment = {"REDIS_URL": "", "MONGO_URL": ""}
    directories = [tmp_path / str(number) for number in range(3)]
    for directory in directories:
        directory.mkdir()

    caught, survived, right = await asyncio.gather(
        trial.put(wrong, directories[0], environment, wide=False),
        trial.put(unseen, directories[1], environment, wide=False),
        trial.control("embedded", [wrong.caught_by], directories[2], environment),
    )

    verdicts = caught.verdict, survived.verdict, right.verdict
    assert verdicts == (Verdict.CAUGHT, Verdict.SURVIVED, Verdict.CAUGHT), f"{survived.note}\n{right.note}"
    assert [one.ended for one in right.outcomes] == ["passed"] * len(right.outcomes)
