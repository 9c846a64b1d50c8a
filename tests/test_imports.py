"""Imports run downwards only: cli -> server -> web, gateways -> domain -> the protocols of store and cluster."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

FOUNDATION = {"app.domain.errors", "app.domain.clock", "app.domain.rates", "app.resources"}
"""Modules without imports of their own, open to all."""

ALLOWED = {
    "app.cli": {"app"},
    "app.__main__": {"app.cli"},
    "app.config": {"app.config"},
    "app.listeners": {"app.config"},
    "app.root": {"app.engine", "app.web"},
    "app.server": {
        "app.cluster", "app.config", "app.domain", "app.engine", "app.gateways", "app.listeners", "app.metrics",
        "app.root", "app.seed", "app.store", "app.web",
    },
    "app.web": {"app.config", "app.contracts", "app.domain", "app.store.base", "app.web"},
    "app.gateways": {"app.cluster.base", "app.config", "app.domain", "app.engine.base", "app.gateways", "app.metrics"},
    "app.contracts": {"app.contracts"},
    "app.documents": {"app.config", "app.contracts", "app.server", "app.web"},
    "app.metrics": {"app.engine"},
    "app.seed": {"app.store.base"},
    "app.domain": {"app.cluster.base", "app.domain", "app.store.base"},
    "app.store": {"app.store"},
    "app.cluster": {"app.cluster"},
    "app.engine": {"app.engine"},
}  # fmt: skip


def imports(file: Path) -> set[str]:
    """Return the full names of the modules that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module, f"{file} has a relative import"
            found |= {imported(node.module, alias.name) for alias in node.names}
    return found


def imported(package: str, name: str) -> str:
    """Return the module that `from package import name` imports: a submodule, or the package itself."""
    submodule = ROOT.joinpath(*package.split("."), name)
    return f"{package}.{name}" if submodule.with_suffix(".py").exists() or submodule.is_dir() else package


def module(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def within(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("file", sorted((ROOT / "app").rglob("*.py")), ids=module)
def test_a_module_of_the_backend_imports_only_what_is_below_it(file: Path):
    """Every import inside `app` is in the list of its package, or of the foundation."""
    rule = next((allowed for package, allowed in ALLOWED.items() if within(module(file), {package})), set())
    ours = {name for name in imports(file) if within(name, {"app"})} - {"app"}
    assert {name for name in ours if not within(name, rule | FOUNDATION)} == set()


@pytest.mark.parametrize("folder", ["e2e", "load", "bench"])
def test_the_harness_knows_a_server_by_its_address_alone(folder: str):
    """No file of the suites, the scenarios or the benchmarks imports the backend, but for servers made of it."""
    for file in (ROOT / folder).rglob("*.py"):
        if "mutants" not in file.parts and ROOT / "bench" / "servers" not in file.parents:
            assert not any(within(name, {"app"}) for name in imports(file)), file
