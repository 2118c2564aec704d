"""Policies in the gateway: what is heard is enforced and kept, what cannot be read changes nothing."""

from pathlib import Path
from typing import Any

import pytest
from fakes.call_door import START, a_key, a_route
from fakes.policies import NO_ACME, a_policy

from chassis.errors import Unavailable
from dataplane.control_plane.bundle_file_store import BundleFile
from dataplane.control_plane.policies_client import SILENCE_SECONDS, PolicyFollower, bundle_of_message
from dataplane.policy_book import PolicyBook
from dataplane.policy_bundle import PolicyBundle, bundle_of
from dataplane.policy_facts import Asked
from marketplace.admin.v1 import policies_pb2

ACME = a_route(declared_provider="acme")


def heard(bundle: PolicyBundle) -> policies_pb2.WatchBundleResponse:
    """The message in which admin sends a bundle."""
    message = policies_pb2.PolicyBundle(version=bundle.version, content_hash=bundle.content_hash)
    for policy in bundle.policies:
        fields = {name: getattr(policy, name) for name in policy.__struct_fields__}
        message.policies.add(**fields)
    return policies_pb2.WatchBundleResponse(bundle=message)


class Follower(PolicyFollower):
    """A follower that is told what admin says; `time` is in microseconds."""

    def __init__(self, folder: Path) -> None:
        self.time = START
        peer: Any = object()
        super().__init__(peer, PolicyBook(expected=True), BundleFile(folder), lambda: self.time)

    async def hear(self, bundle: PolicyBundle | None) -> None:
        """One message."""
        await self._take(policies_pb2.WatchBundleResponse() if bundle is None else heard(bundle))

    def answer(self) -> str | None:
        """The code of a refusal of a call to acme."""
        error = self.book.refusal(a_key(), ACME, Asked(10, self.time))
        return None if error is None else error.code


@pytest.fixture
def follower(tmp_path: Path) -> Follower:
    return Follower(tmp_path / "gateway")


def test_a_bundle_comes_through_the_wire_as_it_was() -> None:
    bundle = bundle_of(3, [a_policy(NO_ACME, fail_mode="open", description="Why."), a_policy(NO_ACME, "b")])
    assert bundle_of_message(heard(bundle).bundle) == bundle


async def test_what_is_heard_is_in_force_and_kept_for_the_next_process(follower: Follower) -> None:
    await follower.hear(bundle_of(1, []))
    assert follower.answer() is None
    await follower.hear(bundle_of(2, [a_policy(NO_ACME)]))
    assert follower.answer() == "policy_denied"
    assert follower.file.path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in follower.file.folder.iterdir()] == ["policies.json"]
    after = Follower(follower.file.folder)
    await after.restore()
    assert after.answer() == "policy_denied"


class WatchedFile(BundleFile):
    """Tells which bundle was in force when each one was written."""

    def __init__(self, folder: Path, book: PolicyBook) -> None:
        super().__init__(folder)
        self.book = book
        self.in_force: list[int | None] = []

    def write(self, bundle: PolicyBundle, now: int) -> None:
        self.in_force.append(None if self.book.enforced is None else self.book.enforced.bundle.version)
        super().write(bundle, now)


async def test_what_is_in_force_is_on_disk_already_so_that_a_kill_never_brings_older_policies_back(
    follower: Follower,
) -> None:
    watched = WatchedFile(follower.file.folder, follower.book)
    follower.file = watched
    await follower.hear(bundle_of(1, [a_policy(NO_ACME)]))
    await follower.hear(bundle_of(2, []))
    assert watched.in_force == [None, 1]


async def test_policies_are_enforced_though_the_disk_takes_no_more(follower: Follower) -> None:
    follower.file.folder.write_text("a file stands where the folder should")
    await follower.hear(bundle_of(1, [a_policy(NO_ACME)]))
    assert (follower.answer(), await follower.check()) == ("policy_denied", None)


@pytest.mark.parametrize(
    "unread",
    [
        PolicyBundle(3, "0" * 64, (a_policy(NO_ACME),)),
        bundle_of(3, [a_policy("forbid (")]),
        bundle_of(3, [a_policy("forbid (principal, action, resource) when { " + "[" * 9000 + " };")]),
    ],
)
async def test_a_bundle_that_cannot_be_read_leaves_the_one_before_in_force(
    follower: Follower, unread: PolicyBundle
) -> None:
    await follower.hear(bundle_of(2, [a_policy(NO_ACME)]))
    confirmed = follower.book.confirmed_at
    follower.time += 1_000_000
    await follower.hear(unread)
    await follower.hear(None)
    assert follower.answer() == "policy_denied"
    assert follower.book.confirmed_at == confirmed
    assert "bundle 3 cannot be read" in str(await follower.check())
    kept = follower.file.read()
    assert kept is not None
    assert kept[0].version == 2
    await follower.hear(bundle_of(4, []))
    assert (follower.answer(), await follower.check()) == (None, None)


@pytest.mark.parametrize("spoil", [b"", b"{", b'{"version":2,"content_hash":"x","policies":[]}', b"\xff" * 100])
async def test_a_spoilt_file_is_as_good_as_none(follower: Follower, spoil: bytes) -> None:
    await follower.hear(bundle_of(2, [a_policy(NO_ACME)]))
    follower.file.path.write_bytes(spoil)
    after = Follower(follower.file.folder)
    await after.restore()
    assert after.answer() == "policies_unavailable"
    with pytest.raises(Unavailable):
        await after.check()


async def test_a_file_with_a_policy_less_is_not_believed(follower: Follower) -> None:
    await follower.hear(bundle_of(2, [a_policy(NO_ACME), a_policy(NO_ACME, "b")]))
    text = follower.file.path.read_text()
    follower.file.path.write_text(text.replace('"acme\\"', '"other\\"'))
    assert text != follower.file.path.read_text()
    assert follower.file.read() is None


async def test_silence_is_told_and_after_a_day_closed_policies_let_nothing_pass(follower: Follower) -> None:
    await follower.hear(bundle_of(2, [a_policy("forbid (principal, action, resource) when { context.streamed };")]))
    follower.time += int(3 * SILENCE_SECONDS * 1_000_000)
    assert "does not confirm" in str(await follower.check())
    follower.time += 24 * 3600 * 1_000_000
    assert follower.answer() == "policies_unavailable"
    await follower.hear(None)
    assert follower.answer() == "policy_denied"
    assert await follower.check() is None


async def test_a_process_that_starts_without_admin_knows_how_old_its_policies_are(follower: Follower) -> None:
    follower.time = START
    await follower.hear(bundle_of(2, [a_policy(NO_ACME)]))
    follower.time += 7 * 3600 * 1_000_000
    await follower.hear(None)
    after = Follower(follower.file.folder)
    after.time = follower.time + 1
    await after.restore()
    assert after.book.confirmed_at == follower.time
    set_back = Follower(follower.file.folder)
    await set_back.restore()
    assert set_back.book.confirmed_at == set_back.time


async def test_without_admin_to_ask_nothing_is_enforced_whatever_lies_on_disk(follower: Follower) -> None:
    await follower.hear(bundle_of(2, [a_policy(NO_ACME)]))
    alone = PolicyFollower(None, PolicyBook(), BundleFile(follower.file.folder), lambda: START)
    await alone.restore()
    assert alone.book.refusal(a_key(), ACME, Asked(10, START)) is None
    assert await alone.check() is None
