"""How a service's variables are read."""

import pytest
from pydantic_settings import SettingsConfigDict

from chassis.settings import Places, ProcessSettings, SettingsRefused


class Knobs(ProcessSettings):
    model_config = SettingsConfigDict(frozen=True, env_prefix="KNOBS_", extra="ignore")

    proxies: Places = ""


@pytest.mark.parametrize("text", ["", "*", "127.0.0.1", "10.0.0.0/8, ::1,fd00::/8", "127.0.0.1,"])
def test_places_are_addresses_and_networks(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("KNOBS_PROXIES", text)
    assert Knobs.read().proxies == text


@pytest.mark.parametrize("text", ["gateway", "127.0.0.1;10.0.0.1", "10.0.0.1/8", "127.0.0.256"])
def test_a_misspelt_place_is_refused_by_its_variable(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("KNOBS_PROXIES", text)
    with pytest.raises(SettingsRefused, match=r"KNOBS_PROXIES: .*ADDRESSES AND NETWORKS"):
        Knobs.read()
