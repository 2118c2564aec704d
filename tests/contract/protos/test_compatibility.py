"""The check that keeps released contracts readable: additions pass, everything else is named."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorSet

PROTOS = Path(__file__).parents[3] / "protos"


@pytest.fixture(scope="module")
def breaks() -> Callable[[FileDescriptorSet, FileDescriptorSet], list[str]]:
    spec = importlib.util.spec_from_file_location("compatibility", PROTOS / "compatibility.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.breaks


def released() -> FileDescriptorSet:
    return FileDescriptorSet.FromString((PROTOS / "released.binpb").read_bytes())


def message(files: FileDescriptorSet, name: str) -> DescriptorProto:
    return next(found for file in files.file for found in file.message_type if found.name == name)


def test_additions_break_nobody(breaks: Callable[..., list[str]]) -> None:
    present = released()
    message(present, "UsageRow").field.add(name="new", number=99, type=FieldDescriptorProto.TYPE_STRING)
    present.file[0].message_type.add(name="Another")
    assert breaks(released(), present) == []


def test_a_renumbered_renamed_retyped_or_removed_field_is_named(breaks: Callable[..., list[str]]) -> None:
    for change, said in [
        (lambda field: setattr(field, "number", 98), "is gone"),
        (lambda field: setattr(field, "name", "other"), "changed"),
        (lambda field: setattr(field, "type", FieldDescriptorProto.TYPE_BYTES), "changed"),
    ]:
        present = released()
        change(message(present, "UsageRow").field[0])
        assert breaks(released(), present) == [f"marketplace.events.v1.UsageRow.call_id = 1 {said}"]


def test_a_lost_message_and_a_changed_method_are_named(breaks: Callable[..., list[str]]) -> None:
    present = released()
    file = next(file for file in present.file if file.name.endswith("keys.proto"))
    file.service[0].method[0].server_streaming = True
    del file.message_type[:]
    lines = breaks(released(), present)
    assert "message marketplace.consumption.v1.KeyRecord is gone" in lines
    assert "method marketplace.consumption.v1.Keys/GetKeyByDigest changed" in lines
