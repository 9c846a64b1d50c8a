"""The generated documents: fresh, and valid by the official schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import openapi_spec_validator
import pytest
import yaml

from app import documents
from app.cli import main
from app.contracts import files
from app.contracts.registry import FOLDERS, version
from e2e.harness import javascript
from tests.web.service import Service

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "contracts"


def load(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def official() -> jsonschema_rs.Validator:
    """Return the JSON Schema of AsyncAPI 3.0, as its authors publish it."""
    if (lack := javascript.missing()) is not None:
        pytest.skip(lack)
    javascript.install()
    folder = javascript.FOLDER / "node_modules" / "@asyncapi" / "specs" / "schemas"
    return jsonschema_rs.Draft7Validator(json.loads((folder / "3.0.0-without-$id.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_contract_is_asyncapi_3(folder: str, official: jsonschema_rs.Validator):
    """Its document is valid by the official schema, and of the version that the contracts have."""
    document = load(CONTRACTS / folder / "asyncapi.yaml")
    assert [(list(error.instance_path), error.message) for error in official.iter_errors(document)] == []
    assert document["info"]["version"] == version()


def references(value: Any) -> set[str]:
    """Return every reference that is in a document."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    found = {value["$ref"]} if isinstance(value, dict) and isinstance(value.get("$ref"), str) else set()
    return found.union(*(references(one) for one in inner))


@pytest.mark.parametrize("path", [*(f"{folder}/asyncapi.yaml" for folder in FOLDERS), "openapi.yaml"])
def test_every_reference_leads_somewhere(path: str):
    """The official schemas do not look."""
    document = load(CONTRACTS / path)
    for reference in references(document):
        target: Any = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]


def test_rest_is_openapi_3_1():
    """Its document is valid by the official schema, and of the version that the contracts have."""
    document = load(CONTRACTS / "openapi.yaml")
    assert document["openapi"].startswith("3.1")
    openapi_spec_validator.validate(document)
    assert document["info"]["version"] == version()


async def test_a_server_serves_the_document_of_rest(service: Service):
    """What `/openapi.json` answers is the file."""
    served = await (await service.call("GET", "/openapi.json")).get_json()
    assert served == load(CONTRACTS / "openapi.yaml")


def test_no_file_is_stale():
    """What the registry and the application would have written is what is there."""
    assert documents.stale() == []


def test_a_stale_file_is_named_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """`parley contracts --check` exits with 1 and leaves it, `parley contracts` writes it, whatever the settings."""
    monkeypatch.setattr("app.resources.path", lambda name: ROOT / name if name != "contracts" else tmp_path)
    monkeypatch.setenv("PORT", "many")
    version.cache_clear()
    (tmp_path / "VERSION").write_text("1.0\n")
    stale = tmp_path / "direct" / "asyncapi.yaml"
    try:
        assert main(["contracts"]) == 0
        written = capsys.readouterr().out.splitlines()
        assert f"{stale} written" in written
        stale.write_text("asyncapi: 2.0.0\n")
        assert main(["contracts", "--check"]) == 1
        assert capsys.readouterr().out.splitlines() == [f"{stale} is stale: `parley contracts` writes it"]
        assert stale.read_text() == "asyncapi: 2.0.0\n"
        assert main(["contracts"]) == 0
        assert main(["contracts", "--check"]) == 0
    finally:
        version.cache_clear()


def test_the_files_are_those_that_are_kept():
    """Every generated file in `contracts` is one that is generated."""
    kept = {str(path.relative_to(CONTRACTS)) for path in CONTRACTS.rglob("*.yaml") if path.name != "requirements.yaml"}
    kept |= {str(path.relative_to(CONTRACTS)) for path in CONTRACTS.rglob("*.d.ts")}
    assert kept == {path for path, _ in files.files({})}
