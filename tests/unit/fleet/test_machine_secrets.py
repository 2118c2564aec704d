"""Secrets are made once and never shown."""

import json
from pathlib import Path

import pytest

from fleet.errors import FolderRefused
from fleet.machine_secrets import CALLERS, keep_secrets
from fleet.roles import ROLES


def test_secrets_are_made_once_and_kept_private(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = keep_secrets(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert keep_secrets(path).values == first.values
    assert all(first[f"role.{role.name}"] for role in ROLES)
    assert len(set(first.values.values())) == len(first.values)


def test_what_a_newer_build_needs_is_added_beside_the_old(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps({"postgres": "old"}))
    assert keep_secrets(path)["postgres"] == "old"
    assert keep_secrets(path)["valkey"]


def test_a_broken_file_is_refused_rather_than_replaced(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text("{")
    with pytest.raises(FolderRefused, match="restore it"):
        keep_secrets(path)
    assert path.read_text() == "{"


def test_trusted_services_are_public_keys_only(tmp_path: Path) -> None:
    trusted = keep_secrets(tmp_path / "secrets.json").trusted_services()
    assert set(trusted) == set(CALLERS)
    assert all(pem.startswith("-----BEGIN PUBLIC KEY-----") for pem in trusted.values())


def test_the_values_are_not_in_the_printed_form(tmp_path: Path) -> None:
    kept = keep_secrets(tmp_path / "secrets.json")
    assert kept["postgres"] not in repr(kept)
