"""What processes use, as Linux tells it."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from load.processes import family, usage

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells")

BUSY = "import time; it = b'x' * 50_000_000; until = time.process_time() + 0.2\nwhile time.process_time() < until: pass"


def test_processor_time_and_memory_are_those_of_the_processes_together():
    """Of a child that was busy for a fifth of a second over 50 MB, and of this process."""
    child = subprocess.Popen(
        [sys.executable, "-c", f"{BUSY}\nprint(flush=True); input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        child.stdout.readline()
        used, both, own = usage([child.pid]), usage([child.pid, os.getpid()]), usage([os.getpid()])
    finally:
        child.kill()
        child.communicate()
    assert used is not None
    assert both is not None
    assert own is not None
    assert 0.15 < used.cpu < 2
    assert used.rss > 50_000_000
    assert both.rss > used.rss + own.rss // 2
    assert abs(own.cpu - time.process_time()) < 0.5


def test_a_process_that_is_no_more_is_not_there():
    """Alone it is none, among others nothing."""
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    assert usage([child.pid]) is None
    assert usage([child.pid, os.getpid()]) is not None
    assert family(child.pid) == [child.pid]


def test_descendants_are_of_the_family():
    """A shell, and what it has started."""
    child = subprocess.Popen(["/bin/sh", "-c", "sleep 60 & echo $!; wait"], stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        grandchild = int(child.stdout.readline())
        assert family(child.pid) == [child.pid, grandchild]
    finally:
        for pid in family(child.pid)[::-1]:
            os.kill(pid, 9)
        child.communicate()
