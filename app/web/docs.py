from quart import Blueprint


def blueprint():
    return Blueprint("docs", __name__)
