"""Compares proto/meshbot.proto with the official descriptors, by full name.

Ours may leave things out. Whatever it declares must have the official number,
type and presence, except for what is listed here; an exception that is no
longer one is a failure too.
"""

import pathlib
import tempfile

import grpc_tools
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import FieldDescriptor as Field
from grpc_tools import protoc
from meshtastic.protobuf import (
    admin_pb2,
    channel_pb2,
    config_pb2,
    device_ui_pb2,
    mesh_pb2,
    module_config_pb2,
    portnums_pb2,
    telemetry_pb2,
)

from checks import case, finish

PROTO = pathlib.Path(__file__).parents[2] / "proto" / "meshbot.proto"
FILES = [
    admin_pb2,
    channel_pb2,
    config_pb2,
    device_ui_pb2,
    mesh_pb2,
    module_config_pb2,
    portnums_pb2,
    telemetry_pb2,
]

# `bytes` where the official type is `string`: text that others choose.
FOREIGN_TEXT = {
    "ChannelSettings.name",
    "ClientNotification.message",
    "DeviceMetadata.firmware_version",
    "FileInfo.file_name",
    "MyNodeInfo.pio_env",
    "User.id",
    "User.long_name",
    "User.short_name",
}
# `uint32` where the official type is an enum that grows every month.
OPEN_ENUM = {
    "Config.LoRaConfig.region",
    "DeviceMetadata.hw_model",
    "User.hw_model",
}
# Became `optional` in the official definitions on 2026-07-28; the pinned
# package is older.
NOW_OPTIONAL = {
    "MeshPacket.rx_rssi",
    "MeshPacket.rx_time",
}
# Messages, fields and enum values that the pinned package does not know yet.
NEWER = {
    "LockdownStatus.State.DISABLED",
}

TYPES = {value: name[5:].lower() for name, value in vars(Field).items() if name.startswith("TYPE_")}


class Exceptions:
    """Notes which of the exceptions are used."""

    def __init__(self):
        self.used = set()

    def allows(self, kind, name):
        if name in kind:
            self.used.add(name)
            return True
        return False


def our_file():
    """Our definitions, read by protoc."""
    with tempfile.TemporaryDirectory() as folder:
        target = pathlib.Path(folder) / "ours"
        arguments = [
            "protoc",
            f"-I{PROTO.parent}",
            f"-I{pathlib.Path(grpc_tools.__file__).parent / '_proto'}",
            f"--descriptor_set_out={target}",
            PROTO.name,
        ]
        assert protoc.main(arguments) == 0, "protoc cannot read our definitions"
        descriptors = descriptor_pb2.FileDescriptorSet.FromString(target.read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in descriptors.file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool.FindFileByName(PROTO.name)


def everything(messages, enums):
    """All messages and enums by full name, nested ones included."""
    found = {enum.full_name: enum for enum in enums}
    for message in messages:
        found[message.full_name] = message
        found |= everything(message.nested_types, message.enum_types)
    return found


def of_file(file):
    return everything(file.message_types_by_name.values(), file.enum_types_by_name.values())


def official():
    found = {}
    for module in FILES:
        found |= of_file(module.DESCRIPTOR)
    return {local(thing): thing for thing in found.values()}


def local(thing):
    """Full name without the package."""
    return thing.full_name.removeprefix(f"{thing.file.package}.")


def kind(field):
    """What a field is made of, with the name of its message or enum."""
    if field.message_type:
        return f"message {local(field.message_type)}"
    if field.enum_type:
        return f"enum {local(field.enum_type)}"
    return TYPES[field.type]


def group(field):
    """The oneof that a field is a member of, `optional` not counting as one."""
    oneof = field.containing_oneof
    if oneof is None or (len(oneof.fields) == 1 and oneof.name.startswith("_")):
        return None
    return oneof.name


def compare_field(ours, theirs, exceptions):
    name = local(ours)
    wrong = []
    if ours.number != theirs.number:
        wrong.append(f"number {ours.number}, officially {theirs.number}")
    if kind(ours) != kind(theirs):
        text = (kind(ours), kind(theirs)) == ("bytes", "string")
        enum = kind(ours) == "uint32" and theirs.enum_type is not None
        if not (
            (text and exceptions.allows(FOREIGN_TEXT, name))
            or (enum and exceptions.allows(OPEN_ENUM, name))
        ):
            wrong.append(f"{kind(ours)}, officially {kind(theirs)}")
    if ours.is_repeated != theirs.is_repeated:
        wrong.append("repeated here or there only")
    elif ours.has_presence != theirs.has_presence:
        if not (ours.has_presence and exceptions.allows(NOW_OPTIONAL, name)):
            wrong.append("optional here or there only")
    if ours.is_repeated and ours.is_packed != theirs.is_packed:
        wrong.append("packed here or there only")
    if group(ours) != group(theirs):
        wrong.append(f"in oneof {group(ours)}, officially {group(theirs)}")
    return [f"{name}: {what}" for what in wrong]


def compare_message(ours, theirs, exceptions):
    wrong = []
    for field in ours.fields:
        twin = theirs.fields_by_name.get(field.name)
        if twin is not None:
            wrong += compare_field(field, twin, exceptions)
        elif field.number in theirs.fields_by_number:
            other = theirs.fields_by_number[field.number].name
            wrong.append(f"{local(field)}: number {field.number} is officially {other}")
        elif not exceptions.allows(NEWER, local(field)):
            wrong.append(f"{local(field)}: officially unknown")
    return wrong


def compare_enum(ours, theirs, exceptions):
    wrong = []
    for value in ours.values:
        name = f"{local(ours)}.{value.name}"
        twin = theirs.values_by_name.get(value.name)
        if twin is not None:
            if twin.number != value.number:
                wrong.append(f"{name}: {value.number}, officially {twin.number}")
        elif value.number in theirs.values_by_number:
            other = theirs.values_by_number[value.number].name
            wrong.append(f"{name}: {value.number} is officially {other}")
        elif not exceptions.allows(NEWER, name):
            wrong.append(f"{name}: officially unknown")
    return wrong


def main():
    exceptions = Exceptions()
    known = official()
    ours = {local(thing): thing for thing in of_file(our_file()).values()}
    for name, thing in sorted(ours.items()):
        is_enum = hasattr(thing, "values")
        with case(f"{'enum' if is_enum else 'message'} {name}"):
            twin = known.get(name)
            if twin is None:
                assert exceptions.allows(NEWER, name), "officially unknown"
                continue
            assert hasattr(twin, "values") == is_enum, "a message here, an enum there"
            compare = compare_enum if is_enum else compare_message
            wrong = compare(thing, twin, exceptions)
            assert not wrong, "; ".join(wrong)
    with case("every exception is needed"):
        idle = (FOREIGN_TEXT | OPEN_ENUM | NOW_OPTIONAL | NEWER) - exceptions.used
        assert not idle, f"not needed any more: {', '.join(sorted(idle))}"
    finish()


main()
