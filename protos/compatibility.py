"""What a change of the protos would break for readers and callers that have not changed yet."""

from collections.abc import Iterator, Mapping

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
)

Messages = Mapping[str, DescriptorProto]


def breaks(released: FileDescriptorSet, present: FileDescriptorSet) -> list[str]:
    """One line for each message, field or method of the release that the present protos lost or changed."""
    return [*_message_breaks(_messages(released), _messages(present)), *_method_breaks(released, present)]


def _message_breaks(released: Messages, present: Messages) -> Iterator[str]:
    for name, message in released.items():
        if name not in present:
            yield f"message {name} is gone"
            continue
        fields = {field.number: field for field in present[name].field}
        for field in message.field:
            yield from _field_breaks(name, field, fields.get(field.number))


def _field_breaks(message: str, released: FieldDescriptorProto, present: FieldDescriptorProto | None) -> Iterator[str]:
    place = f"{message}.{released.name} = {released.number}"
    if present is None:
        yield f"{place} is gone"
    elif _form(released) != _form(present):
        yield f"{place} changed"


def _form(field: FieldDescriptorProto) -> tuple[str, int, int, str, bool]:
    return field.name, field.type, field.label, field.type_name, field.proto3_optional


def _method_breaks(released: FileDescriptorSet, present: FileDescriptorSet) -> Iterator[str]:
    now = _methods(present)
    for name, method in _methods(released).items():
        if name not in now:
            yield f"method {name} is gone"
        elif _signature(method) != _signature(now[name]):
            yield f"method {name} changed"


def _signature(method: MethodDescriptorProto) -> tuple[str, str, bool, bool]:
    return method.input_type, method.output_type, method.client_streaming, method.server_streaming


def _messages(files: FileDescriptorSet) -> Messages:
    return {f"{file.package}.{message.name}": message for file in files.file for message in file.message_type}


def _methods(files: FileDescriptorSet) -> dict[str, MethodDescriptorProto]:
    return {
        f"{file.package}.{service.name}/{method.name}": method
        for file in files.file
        for service in file.service
        for method in service.method
    }
