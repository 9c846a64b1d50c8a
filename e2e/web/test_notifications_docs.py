"""Where the original of the notifications contract has its documentation."""

import pytest

from e2e.harness.notifications import PATHS
from e2e.harness.rest import Rest


@pytest.mark.requirement("NOTIFICATIONS-DOCS-001")
async def test_the_document_has_both_endpoints(rest: Rest):
    """`/api-json` is OpenAPI, and `/api` a page about the same."""
    document = (await rest.get("/api-json")).must(200)
    page = await rest.get("/api")

    assert document["openapi"].startswith("3.")
    assert page.status == 200
    assert page.headers["Content-Type"].startswith("text/html")
    for path in PATHS:
        assert set(document["paths"][path]["post"]["responses"]) >= {"201", "400"}
        assert path in page.text
