"""A Valkey cluster without a node to ask: rates are counted alone again and again."""

import pytest
from pydantic import SecretStr

from chassis.errors import Unavailable
from chassis.valkey import open_valkey, ping
from dataplane.control_plane.valkey_rate_store import ValkeyRateStore


async def test_a_cluster_without_a_node_is_unavailable_and_breaks_nothing(free_tcp_port: int) -> None:
    async with open_valkey(SecretStr(f"valkey+cluster://127.0.0.1:{free_tcp_port}"), name="tests") as client:
        store = ValkeyRateStore(client, "process")
        for _ in range(2):
            with pytest.raises(Unavailable):
                await store.processes()
            with pytest.raises(Unavailable):
                await ping(client)
