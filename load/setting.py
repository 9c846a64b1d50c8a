"""What is to be known of a machine to read what was measured on it."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

__all__ = ["public", "setting"]

_ROOT = Path(__file__).parent.parent


def setting() -> dict[str, str | int | float]:
    """Return versions, cores, memory and limits, by name."""
    return {
        "commit": _commit(),
        "parley": _version("parley"),
        "locust": _version("locust"),
        "python": platform.python_version(),
        "kernel": f"{platform.system()} {platform.release()}",
        "cores": os.cpu_count() or 0,
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB",
        "open files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
    }


def public(url: str) -> str:
    """Return a URL without what only its user may know."""
    place = urlsplit(url)
    return urlunsplit(place._replace(netloc=place.netloc.rpartition("@")[2]))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def _commit() -> str:
    """Return the commit of this checkout, with a mark if something in it was changed since."""
    if not (_ROOT / ".git").exists():
        return "unknown"
    command = ["git", "-C", str(_ROOT), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"
