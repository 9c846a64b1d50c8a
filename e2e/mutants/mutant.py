"""What a mutant is: the backend with a few lines of its source changed, and the requirement that it must be caught by.

A change is text for text, so that it reads as the mistake that somebody could make. It has to fit the source exactly:
one that does not any more would leave a server that is right, and a suite that proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["BACKEND", "Change", "ChangeDoesNotFitError", "Mutant"]

BACKEND = Path(__file__).resolve().parents[2]
"""Where the package of the backend is."""


class ChangeDoesNotFitError(Exception):
    """The source is not what the change was made for; the text says where."""


@dataclass(frozen=True, slots=True)
class Change:
    """A few lines that are replaced.

    Attributes:
        file: of the backend, from its root.
        before: what stands there, once and once only.
        after: what is to stand there.

    """

    file: str
    before: str
    after: str

    @property
    def module(self) -> str:
        """The full name of the module that is changed."""
        return self.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def of(self, source: str) -> str:
        """Return the source as it is then. Raise `ChangeDoesNotFitError`."""
        if self.before == self.after:
            raise ChangeDoesNotFitError(f"{self.file}: nothing is changed")
        if (found := source.count(self.before)) != 1:
            raise ChangeDoesNotFitError(f"{self.file}: stands there {found} times, not once:\n{self.before}")
        return source.replace(self.before, self.after)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A server that is wrong in one way.

    Attributes:
        name: of small letters and dashes.
        wrong: what it does, in a sentence about the server.
        caught_by: the id of the requirement whose tests must fail.
        changes: what makes it wrong.
        deployment: the kind that it shows in.

    """

    name: str
    wrong: str
    caught_by: str
    changes: tuple[Change, ...]
    deployment: str = "embedded"

    @property
    def contract(self) -> str:
        """Whose requirement it is."""
        return self.caught_by.partition("-")[0].lower()

    def sources(self, root: Path = BACKEND) -> dict[str, str]:
        """Return the changed sources by module. Raise `ChangeDoesNotFitError` for one that cannot be changed so."""
        changed: dict[str, str] = {}
        for change in self.changes:
            try:
                source = changed.get(change.module) or (root / change.file).read_text(encoding="utf-8")
            except FileNotFoundError:
                raise ChangeDoesNotFitError(f"{change.file}: there is no such file") from None
            changed[change.module] = change.of(source)
        for module, source in changed.items():
            try:
                compile(source, module, "exec", dont_inherit=True)
            except SyntaxError as error:
                raise ChangeDoesNotFitError(f"{module}: what it becomes is no Python: {error}") from None
        return changed
