"""Where consumption's own data plane finds consumption."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from consumption.settings import ConsumptionSettings


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1:4003"),
        ("10.1.2.3", "10.1.2.3:4003"),
        ("0.0.0.0", "127.0.0.1:4003"),
        ("::", "[::1]:4003"),
        ("fd00::7", "[fd00::7]:4003"),
        ("consumption.internal", "consumption.internal:4003"),
    ],
)
def test_a_process_reaches_its_own_door_from_within(host: str, address: str) -> None:
    settings = ConsumptionSettings(
        host=host,
        grpc_port=4003,
        database_url=SecretStr("postgresql://nowhere"),
        worker_database_url=SecretStr("postgresql://nowhere"),
        admin_address="admin:4004",
        publishing_address="publishing:4001",
        valkey_url=SecretStr("valkey://nowhere"),
        data_folder=Path("nowhere"),
        key_pepper=SecretStr("p" * 32),
        service_key=SecretStr(""),
        trusted_services={},
    )
    assert settings.plane.consumption_address == address
    assert "pppp" not in str(settings.plane)
