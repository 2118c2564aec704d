"""From a fact of publishing to a hit, on a real database."""

from fixtures.discovery_machine import DiscoveryMachine, snapshot, until


async def test_a_published_listing_is_found_and_then_by_meaning(discovery: DiscoveryMachine) -> None:
    async with discovery.api() as api:
        await until(lambda: _is(api, "index", "ok"))
        await discovery.publish(snapshot("lst_a", title="Legal letters", description="Translates contracts"))
        assert await until(lambda: api.found("contracts")) == ["lst_a"]
        await until(lambda: _is(api, "meaning", "ok"))
        reply = await api.search("interpreter for lawyers' documents")
        assert [item["id"] for item in reply["items"]] == ["lst_a"]
        assert not reply["degraded"]


async def _is(api, part: str, state: str) -> bool:
    return (await api.ready())[part] == state
