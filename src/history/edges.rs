//! Who hears whom: what neighbour lists and traceroutes tell about single
//! receptions by radio anywhere in the mesh.
//!
//! Only what somebody has measured becomes an [`Edge`]. A hop that could not
//! name itself, an SNR that is unknown, and lists that do not fit together make
//! none; nor does anything that has passed through MQTT, where a hop is no
//! reception.

use prost::Message;

use crate::mesh::{NodeNum, Packet, content, plausible};
use crate::proto::{self, PortNum};

/// Who says that there was a reception.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Witness {
    /// The hearer's own list of neighbours.
    Neighbours,
    /// A traceroute that went this way.
    Traceroute,
    /// Our own node: it heard this itself.
    Ourselves,
    /// A relay that was heard repeating it; with what SNR it heard it, nobody
    /// has said.
    Relayed,
}

/// One node was heard by another, by radio and without a relay between them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Edge {
    /// Who was heard.
    pub from: NodeNum,
    /// Who heard it.
    pub to: NodeNum,
    /// With what SNR, in quarters of a dB.
    pub snr_q: i16,
    /// Who says so.
    pub witness: Witness,
}

impl Edge {
    fn new(from: NodeNum, to: NodeNum, snr_q: i32, witness: Witness) -> Option<Self> {
        let real = from.is_node() && to.is_node() && from != to;
        let snr_q = plausible::snr_q(snr_q)?;
        real.then_some(Self {
            from,
            to,
            snr_q,
            witness,
        })
    }
}

/// Whether a packet can tell of receptions, its own excluded; most cannot.
#[must_use]
pub fn may_tell(packet: &Packet) -> bool {
    let port = packet.port().map(|(port, _)| port);
    !packet.via_mqtt
        && matches!(
            port,
            Some(PortNum::NeighborinfoApp | PortNum::TracerouteApp)
        )
}

/// The receptions that a packet tells of, its own excluded. What cannot be
/// decoded tells of none.
#[must_use]
pub fn told_by(packet: &Packet) -> Vec<Edge> {
    if !may_tell(packet) {
        return Vec::new();
    }
    match packet.port() {
        Some((PortNum::NeighborinfoApp, bytes)) => content::neighbours(bytes)
            .map(|said| neighbours(packet.from, &said))
            .unwrap_or_default(),
        Some((PortNum::TracerouteApp, bytes)) => proto::RouteDiscovery::decode(bytes)
            .map(|said| traceroute(packet, &said))
            .unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// A list that somebody else signs is not believed.
fn neighbours(hearer: NodeNum, said: &proto::NeighborInfo) -> Vec<Edge> {
    if said.node_id != hearer.0 {
        return Vec::new();
    }
    let heard = said.neighbors.iter().filter(|heard| heard.snr.is_finite());
    let mut edges = Vec::with_capacity(said.neighbors.len());
    edges.extend(heard.filter_map(|heard| {
        // A cast of a float saturates; what is not plausible goes then.
        #[allow(clippy::cast_possible_truncation)]
        let snr_q = (heard.snr * 4.0).round() as i32;
        Edge::new(NodeNum(heard.node_id), hearer, snr_q, Witness::Neighbours)
    }));
    edges
}

/// A request tells of the way so far, a reply of the whole way there and of the
/// way back so far. Each SNR is that of the one who heard (protocol.md §5).
fn traceroute(packet: &Packet, said: &proto::RouteDiscovery) -> Vec<Edge> {
    let is_reply = packet.request_id.is_some();
    let (start, end) = if is_reply {
        (packet.to, packet.from)
    } else {
        (packet.from, packet.to)
    };
    let mut there = path(start, &said.route);
    if is_reply {
        there.push(end);
    }
    let mut edges = along(&there, &said.snr_towards);
    if is_reply {
        let mut back = path(end, &said.route_back);
        // The last one is there when the asker has heard the reply himself.
        if said.snr_back.len() == back.len() {
            back.push(start);
        }
        edges.extend(along(&back, &said.snr_back));
    }
    edges
}

fn path(start: NodeNum, relays: &[u32]) -> Vec<NodeNum> {
    let relays = relays.iter().map(|&relay| NodeNum(relay));
    std::iter::once(start).chain(relays).collect()
}

/// The receptions along a way. A list of another length belongs to another
/// way: which SNR is whose cannot be told then.
fn along(path: &[NodeNum], snrs: &[i32]) -> Vec<Edge> {
    if snrs.len() + 1 != path.len() || snrs.len() > plausible::ROUTE + 1 {
        return Vec::new();
    }
    path.windows(2)
        .zip(snrs)
        .filter_map(|(pair, &snr)| Edge::new(pair[0], pair[1], snr, Witness::Traceroute))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{PacketId, Payload};

    /// Not measured (protocol.md §3.6).
    const UNKNOWN: i32 = -128;
    const A: NodeNum = NodeNum(0xa0);
    const B: NodeNum = NodeNum(0xb0);
    const C: NodeNum = NodeNum(0xc0);
    const D: NodeNum = NodeNum(0xd0);

    fn packet(from: NodeNum, to: NodeNum, port: PortNum, said: &impl Message) -> Packet {
        let mut packet = Packet::from_wire(&proto::MeshPacket {
            from: from.0,
            to: to.0,
            ..Default::default()
        });
        packet.payload = Payload::Port(port, said.encode_to_vec());
        packet
    }

    fn reply(from: NodeNum, to: NodeNum, said: &proto::RouteDiscovery) -> Packet {
        let mut packet = packet(from, to, PortNum::TracerouteApp, said);
        packet.request_id = Some(PacketId(9));
        packet
    }

    fn edges(packet: &Packet) -> Vec<(NodeNum, NodeNum, i16)> {
        let edges = told_by(packet).into_iter();
        edges.map(|edge| (edge.from, edge.to, edge.snr_q)).collect()
    }

    fn neighbours(node: NodeNum, heard: &[(u32, f32)]) -> proto::NeighborInfo {
        let neighbor = |&(node_id, snr): &(u32, f32)| proto::Neighbor { node_id, snr };
        proto::NeighborInfo {
            node_id: node.0,
            neighbors: heard.iter().map(neighbor).collect(),
            ..Default::default()
        }
    }

    #[test]
    fn a_neighbour_list_tells_whom_its_sender_hears() {
        let list = neighbours(
            A,
            &[(B.0, -3.25), (C.0, 0.0), (0, 0.0), (A.0, 1.0), (D.0, 500.0)],
        );
        let mut said = packet(A, NodeNum::BROADCAST, PortNum::NeighborinfoApp, &list);
        assert_eq!(edges(&said), [(B, A, -13), (C, A, 0)]);
        assert_eq!(told_by(&said)[0].witness, Witness::Neighbours);
        said.via_mqtt = true;
        assert_eq!(edges(&said), []);
        let others = neighbours(B, &[(C.0, 1.0)]);
        let said = packet(A, NodeNum::BROADCAST, PortNum::NeighborinfoApp, &others);
        assert_eq!(edges(&said), [], "signed by somebody else");
    }

    #[test]
    fn a_reply_tells_of_both_ways() {
        // A asked for D; there by B and C, back by C, heard by A itself.
        let said = proto::RouteDiscovery {
            route: vec![B.0, C.0],
            snr_towards: vec![10, -20, 30],
            route_back: vec![C.0],
            snr_back: vec![-4, 0],
        };
        let there = [(A, B, 10), (B, C, -20), (C, D, 30)];
        let mut all = there.to_vec();
        all.extend([(D, C, -4), (C, A, 0)]);
        assert_eq!(edges(&reply(D, A, &said)), all);
        // Overheard before it reached A.
        let so_far = proto::RouteDiscovery {
            snr_back: vec![-4],
            ..said.clone()
        };
        assert_eq!(edges(&reply(D, A, &so_far))[3..], [(D, C, -4)]);
        // Straight there and straight back.
        let straight = proto::RouteDiscovery {
            snr_towards: vec![5],
            snr_back: vec![6],
            ..Default::default()
        };
        assert_eq!(edges(&reply(D, A, &straight)), [(A, D, 5), (D, A, 6)]);
    }

    #[test]
    fn a_request_tells_of_the_way_so_far() {
        let said = proto::RouteDiscovery {
            route: vec![B.0],
            snr_towards: vec![-8],
            ..Default::default()
        };
        let request = packet(A, D, PortNum::TracerouteApp, &said);
        assert_eq!(edges(&request), [(A, B, -8)]);
        let fresh = packet(
            A,
            D,
            PortNum::TracerouteApp,
            &proto::RouteDiscovery::default(),
        );
        assert_eq!(edges(&fresh), []);
    }

    #[test]
    fn what_is_unknown_is_no_reception() {
        let said = proto::RouteDiscovery {
            route: vec![0xffff_ffff, C.0],
            snr_towards: vec![10, UNKNOWN, 30],
            route_back: Vec::new(),
            snr_back: vec![UNKNOWN],
        };
        assert_eq!(edges(&reply(D, A, &said)), [(C, D, 30)]);
        let torn = proto::RouteDiscovery {
            snr_towards: vec![10, 20],
            ..said
        };
        assert_eq!(edges(&reply(D, A, &torn)), [], "which is whose?");
    }

    /// W13.
    #[test]
    fn signals_that_fit_no_way_are_nobody_s() {
        let said = |route: &[u32], snr_towards: &[i32], snr_back: &[i32]| {
            let said = proto::RouteDiscovery {
                route: route.to_vec(),
                snr_towards: snr_towards.to_vec(),
                route_back: Vec::new(),
                snr_back: snr_back.to_vec(),
            };
            edges(&reply(D, A, &said))
        };
        assert_eq!(said(&[B.0, C.0], &[10], &[]), []);
        assert_eq!(said(&[B.0], &[10, 20, 30], &[]), []);
        assert_eq!(said(&[], &[10, 20], &[5, 6]), []);
        assert_eq!(said(&[], &[500], &[-4_000]), [], "no radio measures that");
        // A packet makes seven hops at most.
        let endless: Vec<u32> = (0xb0..0xd0).collect();
        assert_eq!(said(&endless, &[1; 33], &[]), []);
    }

    #[test]
    fn garbage_tells_nothing() {
        for port in [PortNum::TracerouteApp, PortNum::NeighborinfoApp] {
            let mut said = reply(D, A, &proto::RouteDiscovery::default());
            said.payload = Payload::Port(port, vec![0xff; 9]);
            assert_eq!(edges(&said), []);
        }
    }
}
