"""`e2e.verify.profile`: what of a profile a report has."""

from e2e.verify.profile import FixedUser, Mongo, Profile, Users, public


def test_no_secret_is_in_a_report():
    """A report is read by more people than a profile."""
    users = Users(
        source="fixed",
        secret="the secret",
        mongo=Mongo("mongodb://somebody:the-password@localhost", "chat"),
        fixed=(FixedUser("1", "Alice", "the token"),),
    )
    told = str(public(Profile(users=users)))

    assert not [it for it in ("the secret", "the-password", "the token") if it in told]
