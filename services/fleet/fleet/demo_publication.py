"""Publishes the demo provider as any publisher would: account, submission, approval by another person, key."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from fleet.access_file import Access
from fleet.errors import ApiRefused, ApiUnavailable, PartFailed
from fleet.machine import Machine
from fleet.public_api import PublicApi

TEAM = "demo"
NAME = "demo-chat"
_PATIENCE_SECONDS = 45.0
_POLL_SECONDS = 0.1
_UNFIT = {"failed", "rejected"}

_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Demo:
    """What the demo is called by, and a key that may call it."""

    model: str
    key: str


def make_demo(access: Access, machine: Machine) -> Demo:
    """The demo, published and callable. May be repeated after a crash at any point. Raises PartFailed."""
    door = PublicApi(access.gateway)
    admin = patiently(lambda: door.signed_in(access.admin_email, access.admin_password))
    _make_publisher(admin, access)
    publisher = patiently(lambda: door.signed_in(access.publisher_email, access.publisher_password))
    body = patiently(lambda: submission(machine))
    run_id = patiently(lambda: submit(publisher, body))
    follow(publisher, admin, run_id)
    key = patiently(lambda: publisher.post("/api/v1/keys", {"name": "demo"}))
    return Demo(f"{TEAM}/{NAME}", str(key["key"]))


def patiently(ask: Callable[[], _Answer]) -> _Answer:
    """The answer, asked for again while the part behind it comes up. Raises ApiUnavailable at the end."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return ask()
        except ApiUnavailable:
            if time.monotonic() > deadline:
                raise
        time.sleep(_POLL_SECONDS)


def submission(machine: Machine) -> dict[str, Any]:
    """What a publisher of the demo provider sends; the document is the provider's own."""
    vendor = machine.ports.url("demo_provider.http")
    return {
        "name": NAME,
        "version": "1.0.0",
        "title": "Demo chat",
        "description": "Answers like a vendor would, and is honest about being a demo. Chat and streaming, no model.",
        "category": "chat",
        "provider": "demo-provider",
        "tags": ["demo"],
        "endpoint": {"url": f"{vendor}/v1", "model": "demo-chat", "credential": machine.secrets["demo_provider_key"]},
        "openapi": PublicApi(vendor).get("/openapi.json"),
        "pricing": {"model": "usage", "input": "0.15", "output": "0.60"},
        "context_length": 131_072,
        "visibility": "public",
    }


def submit(publisher: PublicApi, body: dict[str, Any]) -> str:
    """The id of the run that publishes the demo: a new one, or the one of an earlier start."""
    found = [one for one in publisher.get(f"/api/v1/services?q={NAME}")["items"] if one["name"].endswith(f"/{NAME}")]
    if not found:
        return str(publisher.post("/api/v1/services", body)["run_id"])
    newest = found[0]["newest"]
    if newest["state"] not in _UNFIT:
        return str(newest["run_id"])
    again = {**body, "version": next_version(newest["version"])}
    return str(publisher.put(f"/api/v1/services/{found[0]['listing_id']}", again)["run_id"])


def next_version(version: str) -> str:
    """The version after a failed one: 1.0.0 becomes 1.0.1."""
    head, _, last = version.rpartition(".")
    return f"{head}.{int(last) + 1}"


def follow(publisher: PublicApi, admin: PublicApi, run_id: str) -> None:
    """Until the run has succeeded; the admin says yes where it waits for approval. Raises PartFailed."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (run := patiently(lambda: publisher.get(f"/api/v1/runs/{run_id}")))["state"] != "succeeded":
        if run["state"] == "failed":
            raise PartFailed(f"The demo provider was not published: {run['error']}")
        if time.monotonic() > deadline:
            raise PartFailed(f"The demo provider was not published within {_PATIENCE_SECONDS:.0f} s.")
        approve(admin, run_id)
        time.sleep(_POLL_SECONDS)


def approve(admin: PublicApi, version_id: str) -> None:
    """Say yes to the version where it waits for that; a run has its version's id."""
    waiting = patiently(lambda: admin.get("/workflows?state=pending"))["items"]
    for approval in waiting:
        if approval["subject_id"] == version_id:
            path = f"/workflows/{approval['approval_id']}/approve"
            patiently(lambda path=path: admin.post(path, {"comment": "The demo provider of this machine."}))


def _make_publisher(admin: PublicApi, access: Access) -> None:
    wanted = {
        "email": access.publisher_email,
        "password": access.publisher_password,
        "display_name": "Demo publisher",
        "team": {"slug": TEAM, "name": "Demo", "role": "owner"},
    }
    try:
        patiently(lambda: admin.post("/users", wanted))
    except ApiRefused as refused:
        if refused.answered != 409:
            raise
