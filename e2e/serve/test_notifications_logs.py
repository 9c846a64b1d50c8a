"""What of the notifications contract must not be in a log."""

import uuid

import pytest

from e2e.harness.deployment import Fresh
from e2e.harness.match import has
from e2e.harness.notifications import PATHS, Guest, NotificationsClient, listed
from e2e.harness.people import PeopleOf
from e2e.harness.process import ServerProcess


@pytest.mark.requirement("NOTIFICATIONS-LOG-001")
async def test_no_secret_is_ever_logged(fresh_deployment: Fresh, people_of: PeopleOf):
    """No session id, no key and no token is in any log, at any level, whether it was right or wrong."""
    key, wrong, session = (uuid.uuid4().hex for _ in range(3))
    settings = {"NOTIFICATIONS_API_KEY": key, "NOTIFICATIONS_AUTH": "token", "LOG_LEVEL": "debug"}
    deployment = await fresh_deployment(**settings)
    people = people_of(deployment)
    person, rest = await people.new("Ann"), people.rest()
    ann = Guest(people, "Ann", id=person.id)
    auth = {"userID": person.id, "username": "Ann", "sessionID": session}

    device = await person.connect(NotificationsClient, auth=auth, credential="auth")
    made = await person.connect(NotificationsClient, auth=auth | {"sessionID": None}, credential="auth")
    refused = await people.dial("Nobody", NotificationsClient, auth={**auth, "token": wrong})
    await refused.expect_next("CONNECT_ERROR", has(message="Invalid token"))
    for given in (key, wrong):
        await rest.post(PATHS[0], {"message": "hello", "userId": person.id}, headers={"X-API-Key": given})
        await rest.post(PATHS[1], {}, headers={"X-API-Key": given})
    await device.call("sendNotification", {})
    await device.send_raw(f'42["{session}')
    await made.expect("users", listed(ann, connected=True))
    await deployment.close()

    secrets = [key, wrong, session, made.session["sessionID"], person.token]
    for server in deployment.servers:
        assert isinstance(server, ServerProcess)
        files = [server.log, *server.log.parent.glob("logs/*")]
        assert len(files) > 1
        text = "".join(file.read_text(errors="replace") for file in files)
        assert "/notification/send" in text
        assert [secret for secret in secrets if secret in text] == []
