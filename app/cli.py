"""The command line: `parley serve | seed | doctor | contracts`, and the conformance harness, which knows no settings.

Exit codes: 0 done, 1 `doctor` or `contracts --check` found something wrong, 2 the settings, a port or the store cannot
be used, 128 and the signal's number where a signal ended the process before it could end by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import platform
import signal
import sys
from collections.abc import Coroutine
from importlib.metadata import version
from typing import Any

import uvloop

from app import __version__, documents, log, seed
from app.cluster.base import ClusterUnusableError
from app.config import CONTRACTS, Settings, SettingsError, load, name
from app.domain.errors import Unavailable
from app.gateways.base import Hub
from app.listeners import Listener, ListenError, listen
from app.server import Server, cluster_of, store_of
from app.store.base import StoreUnusableError

__all__ = ["main"]

UNUSABLE = 2
INTERRUPTED = 128 + signal.SIGINT

HARNESS = {
    "verify": ("e2e.verify.command", "judge a server, of whatever make, by a contract"),
    "report": ("e2e.report.command", "show a report of a run, or several side by side"),
}
"""The commands of the harness: the module that has each, and what it is for."""

SWITCH_INTERVAL = 0.0005
"""Seconds that a busy loop keeps the interpreter from the store's threads. At Python's 5 ms the slowest hundredth of
the commits beside a saturated loop took up to seconds."""


def main(argv: list[str] | None = None) -> int:
    """Run a command and return its exit code."""
    argv = sys.argv[1:] if argv is None else argv
    if argv and argv[0] in HARNESS:
        return _harness(*argv)
    arguments = _parser().parse_args(argv)
    if arguments.command is _contracts:
        return _contracts(arguments.check)
    given = vars(arguments).items()
    overrides = {option: value for option, value in given if option != "command" and value is not None}
    try:
        settings = load(**overrides)
        return arguments.command(settings)
    except SettingsError as error:
        return _refuse(*error.lines)
    except (ListenError, StoreUnusableError, ClusterUnusableError) as error:
        return _refuse(str(error))
    except Unavailable as error:
        return _refuse(f"the store or the cluster did not answer: {_told(error)}")
    except KeyboardInterrupt:  # before there was anything to end
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="parley", description="A chat backend for documented Socket.IO contracts.")
    parser.add_argument("--version", action="version", version=f"parley {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="serve until Ctrl-C or SIGTERM")
    serve.set_defaults(command=_serve)
    serve.add_argument("--memory", action="store_const", const=True, help="keep nothing on disk")
    serve.add_argument("--port-offset", type=int, metavar="N", help="add N to every port")
    serve.add_argument("--contract", nargs="+", dest="contracts", metavar="NAME", help=", ".join(CONTRACTS))
    serve.add_argument("--host", metavar="H", help="address to listen on")

    plant = commands.add_parser("seed", help="add the seeded users that the store does not have")
    plant.set_defaults(command=_seed)

    doctor = commands.add_parser("doctor", help="show the settings in force and what is wrong")
    doctor.set_defaults(command=_doctor)

    contracts = commands.add_parser("contracts", help="write the generated documents and types of the contracts")
    contracts.set_defaults(command=_contracts)
    contracts.add_argument("--check", action="store_true", help="write nothing, and fail if a file is stale")

    for command, (_, meaning) in HARNESS.items():
        commands.add_parser(command, help=meaning, add_help=False)
    return parser


def _harness(command: str, *arguments: str) -> int:
    """Run a command of the harness, which is a package of its own and knows nothing of this one."""
    try:
        module = importlib.import_module(HARNESS[command][0])
    except ModuleNotFoundError as error:
        return _refuse(f"{command} needs the package {error.name}: pip install 'parley[verify]'")
    except KeyboardInterrupt:
        return _refuse("interrupted")
    return module.main(list(arguments))


def _told(error: Exception) -> str:
    """Return what is wrong: where nobody answered, what the driver says of it."""
    return str(error.__cause__ or error) if isinstance(error, Unavailable) else str(error)


def _refuse(*lines: str) -> int:
    for line in lines:
        print(f"parley: {line}", file=sys.stderr)
    return UNUSABLE


def _run(task: Coroutine[Any, Any, int]) -> int:
    sys.setswitchinterval(SWITCH_INTERVAL)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(task)


def _serve(settings: Settings) -> int:
    try:
        log.configure(settings.log_level, settings.logs)
    except OSError as error:
        raise SettingsError([f"LOG_DIR: {error}"]) from None
    for warning in settings.warnings:
        print(f"parley: warning: {warning}", file=sys.stderr)
    return _run(_serving(settings, listen(settings)))


async def _serving(settings: Settings, listeners: list[Listener]) -> int:
    stop = asyncio.Event()
    _stop_on_signals(stop)
    server = Server(settings)
    try:
        await server.open()
        await _greet(server, listeners)
        await server.serve(listeners, stop)
    finally:
        await server.close()
    return 0


def _stop_on_signals(stop: asyncio.Event) -> None:
    """Set `stop` on the first SIGINT or SIGTERM; the second ends the process at once."""

    def on_signal(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, on_signal, number)


async def _greet(server: Server, listeners: list[Listener]) -> None:
    lines = [f"Parley {__version__}, {_kept(server.settings)}", ""]
    lines += [f"  {one.contract:<14} {one.url}   Socket.IO at /socket.io" for one in listeners]
    lines += [f"  {'docs':<14} {listeners[0].url}/docs", f"  {'examples':<14} {listeners[0].url}/examples", ""]
    users = await server.plant()
    if server.settings.clustered:
        # no tokens: the output of a cluster's servers is kept where more people read than may use it
        lines += [f"{len(users)} of {len(seed.load())} seeded users are there; `parley seed` adds them."]
    else:
        lines += [f"Seeded users (password {seed.PASSWORD}), with a token each:"]
        lines += [f"  {user.email:<16} {server.users.token(user)}" for user in users]
    print(*lines, "", "Ctrl-C ends the server.", sep="\n", flush=True)


def _kept(settings: Settings) -> str:
    """Return where everything is kept, in a few words and without a secret."""
    if settings.clustered:
        return f"a server of a cluster: MongoDB, database {settings.mongo_database}, and Redis"
    return f"embedded: SQLite {f'at {settings.database}' if settings.database else 'in memory'}"


def _seed(settings: Settings) -> int:
    if settings.memory:
        raise SettingsError(["MEMORY: there is nothing to seed that would outlast the command"])
    return asyncio.run(_planting(settings))


async def _planting(settings: Settings) -> int:
    store = store_of(settings, exclusive=False)
    try:
        await store.open()
        added = await seed.plant(store)
    finally:
        await store.close()
    for user in added:
        print(f"added {user.email} ({user.id})")
    print(f"{len(added)} of {len(seed.load())} seeded users added, {_kept(settings)}")
    return 0


def _contracts(check: bool) -> int:
    changed = documents.stale() if check else documents.write()
    for path in changed:
        print(f"{path} {'is stale: `parley contracts` writes it' if check else 'written'}")
    if not changed:
        print("The contracts are as they ought to be.")
    return 1 if check and changed else 0


def _doctor(settings: Settings) -> int:
    print(f"Parley {__version__} on Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    print(
        *(f"  {package} {version(package)}" for package in ("hypercorn", "python-engineio", "python-socketio")),
        sep="\n",
    )
    print("\nSettings in force:")
    for option, value in settings.model_dump(mode="json").items():
        print(f"  {name(option):<28} {value!s:<28} {Settings.model_fields[option].description}")
    wrong = [*settings.warnings, *_ailments(settings)]
    print("\nNothing is wrong." if not wrong else "\nWrong:")
    for line in wrong:
        print(f"  {line}")
    return 1 if wrong else 0


def _ailments(settings: Settings) -> list[str]:
    """Return what would keep the server from starting, a sentence each."""
    found: list[str] = []
    try:
        for listener in listen(settings):
            listener.socket.close()
    except ListenError as error:
        found.append(str(error))

    if settings.logs is not None:
        try:
            settings.logs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            found.append(f"LOG_DIR: {error}")

    found += asyncio.run(_unanswered(settings))
    return found


async def _unanswered(settings: Settings) -> list[str]:
    """Return why the store and the cluster cannot be used, nothing for one that can."""
    found: list[str] = []
    store, cluster = store_of(settings), cluster_of(settings)
    try:
        await store.open()
        await store.ping()
    except (StoreUnusableError, Unavailable) as error:
        found.append(f"the store: {_told(error)}")
    finally:
        await store.close()
    try:
        await cluster.open(Hub())
        await cluster.ping()
    except (ClusterUnusableError, Unavailable) as error:
        found.append(f"the cluster: {_told(error)}")
    finally:
        await cluster.close()
    return found
