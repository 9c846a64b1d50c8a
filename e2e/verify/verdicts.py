"""From what became of tests to verdicts on requirements, and from those to the verdict on a server. Nothing is run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from e2e.harness.requirements import Requirement
from e2e.verify.result import UNSELECTED, Outcome, RequirementResult, TestResult, Verdict

__all__ = ["CONFORMS", "NOTHING_RAN", "UNUSABLE", "VIOLATES", "Judgement", "Run", "judge", "sum_up"]

CONFORMS, VIOLATES, UNUSABLE, NOTHING_RAN = range(4)
"""Exit codes. 2 is for what keeps a run from being made: usage, the profile, a target that cannot be set up."""

_JUDGED = frozenset({"PASS", "FAIL", "XFAIL", "XPASS"})


@dataclass(frozen=True, slots=True)
class Run:
    """What became of one test with one set of parameters.

    Attributes:
        result: as the report has it.
        claims: the ids of the requirements that it proves.
        reason: why it was skipped, None unless it was.

    """

    result: TestResult
    claims: tuple[str, ...]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on a server.

    Attributes:
        warnings: ids of the requirements that are not fulfilled and do not count.

    """

    outcome: Outcome
    exit: int
    warnings: tuple[str, ...]


def judge(
    requirements: Iterable[Requirement],
    runs: Sequence[Run],
    *,
    selected: frozenset[str],
    missing: Mapping[str, Sequence[str]],
    expected: Mapping[str, str],
) -> list[RequirementResult]:
    """Return the verdict on each requirement, in their order.

    Args:
        requirements: all of the contract.
        runs: every test that came to an end.
        selected: ids of the requirements that were to be judged.
        missing: by id, the tests that were to run and did not come to an end.
        expected: by id, why a failure is expected.

    """
    by_claim: dict[str, list[Run]] = {}
    for run in runs:
        for claim in run.claims:
            by_claim.setdefault(claim, []).append(run)
    return [
        _judged(it, by_claim.get(it.id, []), it.id in selected, missing.get(it.id, ()), expected.get(it.id))
        for it in requirements
    ]


def sum_up(results: Sequence[RequirementResult], selected: frozenset[str], *, strict: bool) -> Judgement:
    """Return the verdict on a server: a MUST that fails, or an XPASS, or a doubt is enough to not conform.

    A SHOULD or a MAY that fails is a warning, unless `strict`. What was selected and could not be judged is no proof
    of anything: it counts as a failure of that level does.
    """
    wrong = [it for it in results if it.verdict == "FAIL" or (it.verdict == "NOT-RUN" and it.id in selected)]
    counting = [it for it in wrong if strict or it.level == "MUST"]
    warnings = tuple(it.id for it in wrong if it not in counting)
    if not any(it.verdict in _JUDGED for it in results):
        return Judgement("nothing ran", NOTHING_RAN, ())
    if counting or any(it.verdict == "XPASS" for it in results):
        return Judgement("does not conform", VIOLATES, warnings)
    return Judgement("conforms", CONFORMS, warnings)


def _judged(
    requirement: Requirement, runs: Sequence[Run], selected: bool, missing: Sequence[str], expected: str | None
) -> RequirementResult:
    verdict, reason = _verdict(runs, missing, expected) if selected else ("NOT-RUN", UNSELECTED)
    return RequirementResult(
        requirement.id,
        requirement.level,
        requirement.text,
        requirement.source,
        requirement.since,
        verdict,
        reason,
        tuple(run.result for run in runs) if selected else (),
    )


def _verdict(runs: Sequence[Run], missing: Sequence[str], expected: str | None) -> tuple[Verdict, str | None]:
    """Return a verdict and its reason: a failure decides, then what is missing, then what passed."""
    outcomes = {run.result.outcome for run in runs}
    if outcomes & {"failed", "error"}:
        return ("FAIL", None) if expected is None else ("XFAIL", expected)
    if missing:
        return "NOT-RUN", f"{len(missing)} of its tests did not come to an end, such as {missing[0]}"
    if "passed" in outcomes:
        return ("PASS", None) if expected is None else ("XPASS", f"is expected to fail, and passes: {expected}")
    if outcomes:
        return "NOT-APPLICABLE", "; ".join(dict.fromkeys(run.reason for run in runs if run.reason))
    return "NOT-RUN", "no test proves it"
