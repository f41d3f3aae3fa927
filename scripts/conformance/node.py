"""A node made of the official definitions, with `meshbot run` as its client.

Handshake in two phases, one answer for each question with everything that the
firmware needs in it, pacing, duplicates, heartbeat, one connection, and an
orderly end. Once with a node that behaves and once with one that does not.

CONFORMANCE_QUICK=1 leaves out the heartbeat, which takes half a minute.
"""

import os
import pathlib
import socket
import tempfile
import threading
import time

from google.protobuf.message import DecodeError
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from checks import Meshbot, case, equal, finish

OWN = 0xA1B2C3D4
FRIEND = 0x0BADCAFE
STRANGER = 0x1234ABCD
EVERYBODY = 0xFFFFFFFF
KEY = bytes(range(1, 33))
HOP_LIMIT = 4
CONFIG_ONLY = 69420
NODES_ONLY = 69421
SPACING = 2.3
HEARTBEAT = 35
SOON = 15

TEXT = portnums_pb2.PortNum.TEXT_MESSAGE_APP
ROUTING = portnums_pb2.PortNum.ROUTING_APP


def framed(payload):
    return b"\x94\xc3" + len(payload).to_bytes(2, "big") + payload


def from_radio(**variant):
    return framed(mesh_pb2.FromRadio(**variant).SerializeToString())


def frames(stream):
    """The payloads of a stream; what a client writes must be nothing else."""
    while header := stream.read(4):
        length = int.from_bytes(header[2:], "big")
        if header[:2] != b"\x94\xc3" or length > 512:
            raise ValueError(f"no frame: {header.hex()}")
        payload = stream.read(length)
        if len(payload) < length:
            raise ValueError("torn frame")
        yield payload


class Node:
    """One socket that counts who connects and notes what is said."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.accepted = 0
        self.client = None
        self.changed = threading.Condition()
        # What was said and not asked about yet; the end of a connection is
        # None, or the error that ended it.
        self.inbox = []
        self.texts = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            self.client = client
            try:
                with client, client.makefile("rb") as stream:
                    for payload in frames(stream):
                        message = mesh_pb2.ToRadio.FromString(payload)
                        self._hear(message)
                        if message.disconnect:
                            break
                self._note(None)
            except (OSError, ValueError, DecodeError) as error:
                self._note(error)

    def _note(self, message):
        with self.changed:
            self.inbox.append(message)
            self.changed.notify_all()

    def _hear(self, message):
        """What firmware says at once is said here, in the reader's thread."""
        now = time.monotonic()
        if message.HasField("heartbeat"):
            self.say(queueStatus=mesh_pb2.QueueStatus(free=16, maxlen=16))
        if message.HasField("packet"):
            packet = message.packet
            if packet.decoded.portnum == TEXT:
                self.texts.append((now, packet))
            status = mesh_pb2.QueueStatus(free=15, maxlen=16, mesh_packet_id=packet.id)
            self.say(queueStatus=status)
            if packet.want_ack:
                self.say(packet=acknowledgement(packet))
        self._note(message)

    def send(self, data):
        self.client.sendall(data)

    def say(self, **variant):
        self.send(from_radio(**variant))

    def wait(self, wanted, seconds, what):
        """The first message that is `wanted`, taken out of the inbox."""
        end = time.monotonic() + seconds
        with self.changed:
            while True:
                for at, message in enumerate(self.inbox):
                    if isinstance(message, Exception):
                        raise AssertionError(f"{message} instead of {what}")
                    if message is not None and wanted(message):
                        return self.inbox.pop(at)
                assert None not in self.inbox, f"connection closed instead of {what}"
                left = end - time.monotonic()
                assert left > 0 and self.changed.wait(left), f"no {what} within {seconds} s"

    def wait_end(self, seconds):
        """The client has closed, or was closed after its goodbye."""
        with self.changed:
            closed = self.changed.wait_for(lambda: None in self.inbox, seconds)
        assert closed, f"the connection is still open{self.inbox}"

    def wait_config(self, nonce):
        def asks(message):
            return message.HasField("want_config_id")

        message = self.wait(asks, SOON, f"want_config_id {nonce}")
        equal(message.want_config_id, nonce, "want_config_id")

    def wait_reply(self, question):
        """The text that answers a question."""

        def answers(message):
            return (
                message.HasField("packet")
                and message.packet.decoded.portnum == TEXT
                and message.packet.decoded.reply_id == question.id
            )

        return self.wait(answers, SOON, f"answer to {question.id:#x}").packet


def packet(sender, number, port, payload, **more):
    """A packet as a node hands it over that has just heard it."""
    result = mesh_pb2.MeshPacket(
        to=EVERYBODY,
        id=number,
        rx_time=int(time.time()),
        rx_snr=6.25,
        rx_rssi=-97,
        hop_limit=2,
        hop_start=3,
        relay_node=0x7E,
        transport_mechanism=mesh_pb2.MeshPacket.TransportMechanism.TRANSPORT_LORA,
        decoded=mesh_pb2.Data(portnum=port, payload=payload, bitfield=1),
    )
    setattr(result, "from", sender)
    for name, value in more.items():
        setattr(result, name, value)
    return result


def acknowledgement(sent):
    """From our own node for a broadcast, from the destination otherwise."""
    sender = OWN if sent.to == EVERYBODY else sent.to
    routing = mesh_pb2.Routing(error_reason=mesh_pb2.Routing.Error.NONE)
    result = packet(sender, sent.id ^ 0x5A5A5A5A, ROUTING, routing.SerializeToString(), to=OWN)
    result.decoded.request_id = sent.id
    result.priority = mesh_pb2.MeshPacket.Priority.ACK
    return result


def node_info(number, long_name, short_name):
    user = mesh_pb2.User(
        id=f"!{number:08x}", long_name=long_name, short_name=short_name, public_key=KEY
    )
    return mesh_pb2.NodeInfo(num=number, user=user, last_heard=int(time.time()), snr=5.5)


def configuration(node):
    """Everything but the other nodes, in the order of the firmware."""
    node.say(
        my_info=mesh_pb2.MyNodeInfo(my_node_num=OWN, min_app_version=30200, nodedb_count=3)
    )
    node.say(node_info=node_info(OWN, "Own node", "OWN"))
    node.say(metadata=mesh_pb2.DeviceMetadata(firmware_version="2.7.26.54e0d8d", hasPKC=True))
    for index in range(8):
        message = mesh_pb2.FromRadio()
        message.channel.index = index
        message.channel.role = 1 if index == 0 else 0
        if index == 0:
            message.channel.settings.psk = b"\x01"
        node.send(framed(message.SerializeToString()))
    for name in ["device", "position", "power", "network", "display", "lora", "bluetooth"]:
        message = mesh_pb2.FromRadio()
        getattr(message.config, name).SetInParent()
        if name == "lora":
            message.config.lora.use_preset = True
            message.config.lora.region = 3
            message.config.lora.hop_limit = HOP_LIMIT
            message.config.lora.tx_enabled = True
        node.send(framed(message.SerializeToString()))
    for name in ["mqtt", "serial", "store_forward", "telemetry", "neighbor_info"]:
        message = mesh_pb2.FromRadio()
        getattr(message.moduleConfig, name).SetInParent()
        node.send(framed(message.SerializeToString()))
    node.say(fileInfo=mesh_pb2.FileInfo(file_name="/prefs/config.proto", size_bytes=120))


# A message with field 250, which nobody knows: number and wire type, a length
# and content.
UNKNOWN_FIELD = framed(bytes([0xD2, 0x0F, 0x03]) + b"new")
# Noise, half a header, a length that cannot be, an empty frame, and a frame
# whose content is no message.
GARBAGE = b"\x00INFO | boot\r\n\x94\x94\x94\xc3\xff\xff" + framed(b"") + framed(b"\xff" * 12)


def torn_name():
    """A node whose names are cut in the middle of a character."""
    whole = from_radio(node_info=node_info(STRANGER, "NAME-TO-TEAR", "CUT!"))
    torn = whole.replace(b"NAME-TO-TEAR", b"torn \xf0\x9f\x98 \xff\xfe\xc3").replace(
        b"CUT!", b"\xf0\x9f\x98\xc3"
    )
    assert len(torn) == len(whole) and b"TEAR" not in torn
    return torn


def oddities(node):
    """What no client may stumble over, between well-formed frames."""
    node.send(GARBAGE)
    node.send(UNKNOWN_FIELD)
    node.send(torn_name())
    # A frame that was cut off: its length swallows the beginning of the next.
    node.send(from_radio(packet=packet(STRANGER, 0x71, TEXT, b"cut off in the middle"))[:20])
    node.say(packet=packet(STRANGER, 0x72, TEXT, b"\xff\xfe\xfd no text"))
    node.say(packet=packet(STRANGER, 0x73, 999, b"a port of the future"))
    sealed = packet(STRANGER, 0x74, TEXT, b"")
    sealed.encrypted = b"\x17" * 40
    node.say(packet=sealed)
    broken = packet(STRANGER, 0x75, portnums_pb2.PortNum.TELEMETRY_APP, b"\xff\xff\xff")
    node.say(packet=broken)


def check_reply(reply, question):
    private = question.to == OWN
    equal(getattr(reply, "from"), OWN, "from")
    equal(reply.to, getattr(question, "from") if private else EVERYBODY, "to")
    equal(reply.channel, 0, "channel")
    equal(reply.decoded.reply_id, question.id, "reply_id")
    assert b"pong" in reply.decoded.payload.lower(), f"no pong: {reply.decoded.payload!r}"
    assert len(reply.decoded.payload) <= 200, "longer than the official clients allow"
    assert reply.decoded.payload.decode("utf-8"), "not UTF-8"
    assert reply.id != 0, "id 0"
    assert reply.want_ack, "no acknowledgement wanted"
    assert 0 < reply.hop_limit <= HOP_LIMIT, f"hop limit {reply.hop_limit}"
    assert not reply.decoded.want_response, "wants a response to a text"
    assert not reply.pki_encrypted and not reply.public_key, "encryption is the node's affair"
    equal(reply.priority, 0, "priority")


def converse(node, name, rough):
    with case(f"{name}: the configuration is asked for first"):
        node.wait_config(CONFIG_ONLY)
    if rough:
        oddities(node)
    configuration(node)
    if rough:
        node.send(UNKNOWN_FIELD + GARBAGE)
    node.say(config_complete_id=CONFIG_ONLY)
    if rough:
        with case(f"{name}: a configuration with noise in it is asked for again"):
            node.wait_config(CONFIG_ONLY)
        configuration(node)
        node.say(config_complete_id=CONFIG_ONLY)

    public = packet(FRIEND, 0x55667788, TEXT, b"/ping")
    private = packet(
        FRIEND, 0x55667789, TEXT, b"/ping", to=OWN, pki_encrypted=True, public_key=KEY
    )
    if rough:
        oddities(node)
    node.say(packet=public)
    node.say(packet=private)
    with case(f"{name}: two questions, two answers"):
        for question in [public, private]:
            check_reply(node.wait_reply(question), question)
    with case(f"{name}: the nodes are asked for next"):
        node.wait_config(NODES_ONLY)
    if rough:
        oddities(node)
    node.say(node_info=node_info(OWN, "Own node", "OWN"))
    node.say(node_info=node_info(FRIEND, "A friend", "FRND"))
    node.send(torn_name())
    node.say(config_complete_id=NODES_ONLY)

    with case(f"{name}: a duplicate is not answered"):
        later = packet(STRANGER, 0x5566778A, TEXT, b"/ping")
        node.say(packet=public)
        node.say(packet=private)
        node.say(packet=later)
        # What comes later is answered later, so it shows that nothing more comes.
        check_reply(node.wait_reply(later), later)
        answered = sorted(text.decoded.reply_id for _, text in node.texts)
        equal(answered, sorted([public.id, private.id, later.id]), "messages answered")
    with case(f"{name}: every packet has its own id"):
        equal(len({text.id for _, text in node.texts}), len(node.texts), "different ids")
    with case(f"{name}: texts keep their distance"):
        times = [at for at, _ in node.texts]
        gaps = [after - before for before, after in zip(times, times[1:])]
        assert min(gaps) >= SPACING, f"gaps of {gaps}"


def check_heartbeat(node, name):
    with case(f"{name}: a heartbeat comes within {HEARTBEAT} s"):
        message = node.wait(lambda message: message.HasField("heartbeat"), HEARTBEAT, "heartbeat")
        # 1 would make the whole mesh answer.
        equal(message.heartbeat.nonce, 0, "nonce")


def check_end(node, bot, name):
    with case(f"{name}: SIGTERM ends it within 2 s, with a goodbye"):
        code, _ = bot.terminate(2)
        equal(code, 0, "exit code")
        node.wait(lambda message: message.disconnect, 1, "disconnect")
        node.wait_end(1)
    with case(f"{name}: one connection in all, and no panic"):
        equal(node.accepted, 1, "connections")
        assert "panic" not in bot.said(), f"a panic{bot.said()}"


def check(name, rough, slow):
    node = Node()
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "meshbot.toml"
        config.write_text(
            f'[node]\nhost = "127.0.0.1"\nport = {node.port}\n'
            f'[store]\npath = "{folder}/meshbot.db"\n'
        )
        with Meshbot("run", "--config", str(config), cwd=folder) as bot:
            try:
                converse(node, name, rough)
                if slow:
                    check_heartbeat(node, name)
                check_end(node, bot, name)
            except OSError as error:
                raise AssertionError(f"connection lost: {error}{bot.said()}") from error
    node.listener.close()


def main():
    slow = os.environ.get("CONFORMANCE_QUICK") != "1"
    for name, rough in [("good node", False), ("rough node", True)]:
        with case(f"{name}: conversation held to its end"):
            check(name, rough, slow and not rough)
    finish()


main()
