"""The official Python client as a client of the simulated node.

Both firmware generations: handshake, node list, channels, texts with their
acknowledgements, a traceroute, and a second client that takes the place of
the first.
"""

import contextlib
import io
import threading
import time

from meshtastic.protobuf import mesh_pb2, portnums_pb2
from meshtastic.tcp_interface import TCPInterface
from pubsub import pub

from checks import Meshbot, case, equal, finish

OTHERS = 12
# A node takes one text every 2 s from a client.
TEXT_SPACING = 2.1
# The official library needs a moment for its 0.1 s pauses and its threads.
SOON = 10


class Client(TCPInterface):
    """The official client, which for once does not fight for its place."""

    def __init__(self, port):
        self.lost = threading.Event()
        self.answered = threading.Event()
        super().__init__("127.0.0.1", portNumber=port, timeout=SOON)

    def _reconnect(self):
        self._wantExit = True
        self.lost.set()

    def _handleQueueStatusFromRadio(self, queueStatus):
        super()._handleQueueStatusFromRadio(queueStatus)
        self.answered.set()


class Replies:
    """Waits for the packet that answers a request."""

    def __init__(self):
        self.there = threading.Event()
        self.packet = None

    # The library passes acknowledgements on to callbacks of this name only.
    def onAckNak(self, packet):
        self.packet = packet
        self.there.set()

    def wait(self, what):
        assert self.there.wait(SOON), f"no answer to {what}"
        return self.packet


class Heard:
    """What the library publishes under one topic, as it comes."""

    def __init__(self, topic):
        self.topic = topic
        self.changed = threading.Condition()
        self.packets = []

    def note(self, packet, interface):
        with self.changed:
            self.packets.append(packet)
            self.changed.notify_all()

    def __enter__(self):
        pub.subscribe(self.note, self.topic)
        return self

    def __exit__(self, *_):
        pub.unsubscribe(self.note, self.topic)

    def wait(self, wanted, what):
        with self.changed:
            met = self.changed.wait_for(lambda: any(map(wanted, self.packets)), SOON)
        assert met, f"no {what} among {len(self.packets)} packets"


def outcome(packet):
    return packet["decoded"]["routing"].get("errorReason", "NONE")


def close(client):
    """Closes in a thread: a hanging close must fail the check, not hang it."""
    closing = threading.Thread(target=client.close, daemon=True)
    closing.start()
    closing.join(SOON)
    assert not closing.is_alive(), "close() of the official client hangs"


class Pace:
    """Keeps the distance that a node wants between texts of one client."""

    def __init__(self):
        self.last = time.monotonic() - TEXT_SPACING

    def wait(self):
        time.sleep(max(0.0, self.last + TEXT_SPACING - time.monotonic()))
        self.last = time.monotonic()


def check_handshake(client, firmware):
    own = client.getMyNodeInfo()
    with case(f"{firmware}: own node"):
        assert own, "no information about the own node"
        equal(own["num"], client.myInfo.my_node_num, "own number")
        equal(own["user"]["id"], f"!{own['num']:08x}", "own id")
        assert own["user"]["longName"] and own["user"]["shortName"], "no names"
        equal(client.metadata.firmware_version[:3], firmware, "firmware version")
    with case(f"{firmware}: node list"):
        equal(len(client.nodesByNum), OTHERS + 1, "number of nodes")
        equal(len(client.nodes), OTHERS + 1, "number of node ids")
        for node in client.nodesByNum.values():
            user = node.get("user", {})
            assert user.get("id") == f"!{node['num']:08x}", f"odd user: {user}"
    with case(f"{firmware}: channels and radio settings"):
        channels = client.localNode.channels
        equal([channel.index for channel in channels], list(range(8)), "channel indices")
        equal(channels[0].role, 1, "role of channel 0")
        lora = client.localNode.localConfig.lora
        assert 1 <= lora.hop_limit <= 7 and lora.region and lora.tx_enabled, f"odd: {lora}"
    with case(f"{firmware}: the client can show it all"):
        with contextlib.redirect_stdout(io.StringIO()):
            assert "Owner:" in client.showInfo(), "no owner"
            assert own["user"]["longName"] in client.showNodes(), "own node not shown"


def check_heartbeat(client, firmware):
    """The client sends one as soon as it is connected."""
    with case(f"{firmware}: the heartbeat is answered with the state of the queue"):
        assert client.answered.wait(SOON), "no queue status"
        assert 0 < client.queueStatus.free <= client.queueStatus.maxlen, f"{client.queueStatus}"


def a_neighbour(client):
    """The nearest other node with a key, which a direct message needs."""
    own = client.myInfo.my_node_num
    others = [
        node
        for node in client.nodesByNum.values()
        if node["num"] != own and node.get("user", {}).get("publicKey")
    ]
    assert others, "no node has a key"
    return min(others, key=lambda node: (node.get("hopsAway", 9), node["num"]))


def check_texts(client, firmware, pace):
    own = client.myInfo.my_node_num
    with case(f"{firmware}: broadcast text is relayed"), Heard("meshtastic.receive.routing") as heard:
        pace.wait()
        replies = Replies()
        sent = client.sendText("hello mesh", wantAck=True, onResponse=replies.onAckNak)
        answer = replies.wait("the broadcast")
        equal(outcome(answer), "NONE", "outcome")
        equal(answer["decoded"]["requestId"], sent.id, "request id")
        equal((answer["from"], answer["to"]), (own, own), "from and to")
        heard.wait(lambda packet: packet["decoded"].get("requestId") == sent.id, "routing packet")
    with case(f"{firmware}: direct text is delivered"), Heard("meshtastic.receive.routing") as heard:
        friend = a_neighbour(client)["num"]
        pace.wait()
        sent = client.sendText("hello you", destinationId=friend, wantAck=True)
        heard.wait(
            lambda packet: packet["from"] == friend
            and packet["decoded"].get("requestId") == sent.id
            and outcome(packet) == "NONE",
            f"acknowledgement of {friend:08x}",
        )
    with case(f"{firmware}: a text on a channel that does not exist is refused"):
        pace.wait()
        replies = Replies()
        client.sendText("nobody", channelIndex=5, wantAck=True, onResponse=replies.onAckNak)
        equal(outcome(replies.wait("the refused text")), "NO_CHANNEL", "outcome")


def check_traceroute(client, firmware):
    with case(f"{firmware}: a traceroute is answered"), Heard("meshtastic.receive.traceroute") as heard:
        friend = a_neighbour(client)["num"]
        sent = client.sendData(
            mesh_pb2.RouteDiscovery(),
            destinationId=friend,
            portNum=portnums_pb2.PortNum.TRACEROUTE_APP,
            wantResponse=True,
        )
        heard.wait(
            lambda packet: packet["from"] == friend
            and packet["decoded"].get("requestId") == sent.id
            and "traceroute" in packet["decoded"],
            "route",
        )


def check(firmware):
    arguments = ["sim", "--listen", "127.0.0.1:0", "--nodes", str(OTHERS), "--seed", "7"]
    with Meshbot(*arguments, "--firmware", firmware, "--no-latency") as node:
        port = int(node.wait_for(r"127\.0\.0\.1:(\d+)")[1])
        first = Client(port)
        check_handshake(first, firmware)
        check_heartbeat(first, firmware)
        pace = Pace()
        check_texts(first, firmware, pace)
        check_traceroute(first, firmware)
        with case(f"{firmware}: a second client takes the place of the first"):
            second = Client(port)
            assert first.lost.wait(SOON), "the first client was not closed"
            equal(len(second.nodesByNum), OTHERS + 1, "number of nodes")
            close(first)
            replies = Replies()
            second.sendText("here I am", wantAck=True, onResponse=replies.onAckNak)
            equal(outcome(replies.wait("the second client's text")), "NONE", "outcome")
            assert not second.lost.is_set(), "the second client was closed too"
            close(second)
        with case(f"{firmware}: the node serves the next one after a close"):
            third = Client(port)
            assert third.answered.wait(SOON), "no answer to the heartbeat"
            equal(third.getMyNodeInfo()["num"], third.myInfo.my_node_num, "own number")
            close(third)
        with case(f"{firmware}: SIGTERM ends the node"):
            equal(node.terminate(5)[0], 0, "exit code")


def main():
    for firmware in ["2.7", "2.8"]:
        with case(f"{firmware}: conversation held to its end"):
            check(firmware)
    finish()


main()
