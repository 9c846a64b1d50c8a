"""Has modules imported as they are after a change, from sources that nobody writes to disk."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

__all__ = ["install"]


class _Loader(SourceFileLoader):
    """Loads a module from another source than its file's."""

    def __init__(self, fullname: str, path: str, source: str) -> None:
        super().__init__(fullname, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._source, self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._sources:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin:
            spec.loader = _Loader(fullname, spec.origin, self._sources[fullname])
        return spec


def install(sources: Mapping[str, str]) -> None:
    """Have modules, by their full names, imported from these sources. None may have been imported yet."""
    if early := sources.keys() & sys.modules.keys():
        raise RuntimeError(f"imported before it could be changed: {', '.join(sorted(early))}")
    sys.meta_path.insert(0, _Finder(sources))
