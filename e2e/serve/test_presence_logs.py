"""What is written down of the presence contract: nothing by which one could be somebody else."""

from pathlib import Path

import pytest

from e2e.harness.deployment import Deployment, Fresh
from e2e.harness.people import PeopleOf
from e2e.harness.presence import Presence
from e2e.harness.process import ServerProcess

KEY = "a-key-that-only-billing-knows"


def written(deployment: Deployment) -> str:
    """Return all that the servers wrote: to their standard error, and to the files of their log directory."""
    processes = [server for server in deployment.servers if isinstance(server, ServerProcess)]
    texts = [path.read_text(errors="replace") for server in processes for path in (server.log, *_logs(server))]
    assert all("/users/me" in text for text in texts)
    return "\n".join(texts)


def _logs(server: ServerProcess) -> list[Path]:
    files = sorted((server.log.parent / "logs").glob("*"))
    assert files, "the server has no log file"
    return files


@pytest.mark.requirement("PRESENCE-AUTH-008")
async def test_nothing_secret_is_logged(fresh_deployment: Fresh, people_of: PeopleOf):
    """Neither tokens, good or bad, nor keys, nor the ids of sessions and sockets, however much is logged."""
    deployment = await fresh_deployment(
        "--memory", LOG_LEVEL="debug", INTERNAL_SERVICE_KEYS=f"billing={KEY}", RATE_LIMIT_EVENTS="20/60s"
    )
    people = people_of(deployment)
    presence = Presence(people)
    alice, bob = await people.friendship("Alice", "Bob")
    devices = [await presence.connect(alice), await presence.connect(bob, transport="polling")]
    bad = [alice.token[:-3] + "abc", f"{bob.token}x", "a-token-that-is-none"]
    for token in bad:
        stranger = await presence.dial(query={"token": token})
        devices.append(stranger)
        await stranger.emit("authenticate", {"token": token})
        await stranger.expect_next("authentication_error")
    wrong = await presence.service({"serviceName": "billing", "serviceKey": f"{KEY}-not"}, connected=False)
    await wrong.expect_next("CONNECT_ERROR")
    service = await presence.service({"serviceName": "billing", "serviceKey": KEY})
    devices.append(service)
    for _ in range(25):
        await service.emit("send_message", {"recipientIds": [bob.id, 7], "message": KEY, "metadata": {"token": bad[0]}})
    await service.send_raw("42[")
    await service.expect("CLOSED")
    for server in range(len(deployment.servers)):
        await people.rest(server).get(f"/users/me?token={alice.token}", headers={"Authorization": bad[2]})
    for device in devices[:2]:
        await device.goodbye()
    for server in range(len(deployment.servers)):
        await deployment.stop(server)

    log = written(deployment)

    sids = [device.handshake["sid"] for device in devices]
    sids += [record.payload["sid"] for device in devices for record in device.inbox.all("CONNECT")]
    secrets = [alice.token, bob.token, *bad, KEY, *sids]
    assert [secret for secret in secrets if secret in log] == []
