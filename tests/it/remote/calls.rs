//! The call itself, against the simulated node and against worse.

use std::net::{IpAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use meshbot::link::{Endpoint, frame};
use meshbot::mesh::NodeNum;
use meshbot::net::{Guard, lookup};
use meshbot::proto::{self, from_radio::PayloadVariant as V};
use meshbot::remote::call::Caller;
use meshbot::remote::{Answer, Limits, Trouble, Want};
use meshbot::sim::{Fault, Handle, Server, Settings, Version};

use super::stub::Stub;
use super::{SHORT, SOON, at, endpoint, names, node, patient};

const NONCE: u32 = 4_242;

fn caller(own: Option<Endpoint>) -> Caller {
    Caller::new(Guard::new(own, lookup::system()), patient())
}

fn ask(node: &Handle, want: Want) -> Result<Answer, Trouble> {
    caller(None).call(&at(node.addr()), want, Vec::new(), NONCE)
}

/// So many connections have been made, and none is left.
fn check_visits(node: &Handle, visits: u64) {
    let left = node.wait_for(SOON, |node| (node.counters().open == 0).then_some(()));
    left.expect("the connection is still open");
    node.with(|node, _| {
        assert_eq!(node.counters().accepts, visits);
        assert_eq!(node.counters().disconnects, visits);
    });
}

#[test]
fn one_connection_one_question_one_goodbye() {
    for version in [Version::V2_7, Version::V2_8] {
        for latency in [false, true] {
            let settings = Settings {
                version,
                latency,
                nodes: 30,
                ..Settings::default()
            };
            let node = Server::local(settings).unwrap();
            let answer = ask(&node, Want::Nodes).unwrap();
            assert_eq!(answer.num, NodeNum(0xa1b2_c3d4));
            assert_eq!(answer.nodes.len(), 31);
            assert_eq!(answer.nodedb_count, 31);
            assert!(!answer.is_locked);
            check_visits(&node, 1);
            let answer = ask(&node, Want::Config).unwrap();
            assert_eq!(answer.nodes.len(), 1);
            assert_eq!(answer.channels.len(), 8);
            assert_eq!(answer.lora.region, 3);
            assert!(!answer.metadata.firmware_version.is_empty());
            check_visits(&node, 2);
            node.with(|node, _| {
                assert_eq!(node.counters().want_full, 1);
                assert_eq!(node.counters().want_config_only, 1);
                assert_eq!(node.counters().packets, 0);
            });
        }
    }
}

#[test]
fn a_locked_node_says_so() {
    let node = Server::local(Settings {
        locked: true,
        ..Settings::default()
    })
    .unwrap();
    assert!(ask(&node, Want::Config).unwrap().is_locked);
}

/// An address of this machine that is not loopback, if it has one.
fn address_here() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: the system only picks a way (RFC 5737).
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[test]
fn the_own_node_is_never_connected_to_under_any_spelling() {
    let own = Server::local(Settings::default()).unwrap();
    let port = own.addr().port();
    let here = address_here();
    let here: Vec<String> = here.iter().map(ToString::to_string).collect();
    let here: Vec<&str> = here.iter().map(String::as_str).collect();
    let resolver = names(&[
        ("localhost", &["127.0.0.1", "::1"]),
        ("radio.lan", &["127.0.0.1"]),
        ("other-name.lan", &["127.0.0.1"]),
        ("six.lan", &["::ffff:127.0.0.1"]),
        ("both.lan", &["2001:db8::1", "127.0.0.1"]),
        ("board.lan", &here),
        ("0x7f.1", &["127.0.0.1"]),
        ("hill.lan", &["192.0.2.7"]),
    ]);
    let mut spellings = vec![
        "127.0.0.1",
        "127.0.0.2",
        "0.0.0.0",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::FFFF:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "radio.lan",
        "Radio.LAN",
        "radio.lan.",
        "Other-Name.LAN.",
        "other-name.lan",
        "six.lan",
        "both.lan",
        "0x7f.1",
    ];
    if let Some(address) = here.first() {
        spellings.extend([address, "board.lan"]);
    }
    for own_host in ["127.0.0.1", "localhost", "radio.lan", "both.lan", "::1"] {
        let own_node = Endpoint {
            host: own_host.to_owned(),
            port,
        };
        let caller = Caller::new(Guard::new(Some(own_node), Arc::clone(&resolver)), patient());
        for spelling in &spellings {
            let target = endpoint(&format!("{spelling}:{port}"));
            let said = caller.call(&target, Want::Nodes, Vec::new(), NONCE);
            assert_eq!(said, Err(Trouble::OwnAddress), "{spelling} as {own_host}");
        }
    }
    own.with(|node, _| assert_eq!(node.counters().accepts, 0));
}

#[test]
fn what_cannot_be_told_from_the_own_node_is_not_connected_to() {
    let other = node();
    for (resolver, why) in [
        (names(&[]), "name look-up failed: nobody of that name"),
        (names(&[("radio.lan", &[])]), "name has no address"),
    ] {
        // Behind another port it would be something else, whatever its address.
        let own = Some(endpoint(&format!("radio.lan:{}", other.addr().port())));
        let caller = Caller::new(Guard::new(own, resolver), patient());
        let said = caller.call(&at(other.addr()), Want::Nodes, Vec::new(), NONCE);
        assert_eq!(said, Err(Trouble::OwnUnknown(why.to_owned())));
    }
    other.with(|node, _| assert_eq!(node.counters().accepts, 0));
}

#[test]
fn another_port_of_the_same_board_is_asked_but_its_number_is_looked_at() {
    let own = node();
    let caller = caller(Some(at(own.addr())));
    let other = Server::local(Settings {
        own: NodeNum(0x0bad_cafe),
        ..Settings::default()
    })
    .unwrap();
    let bot = vec![NodeNum(0xa1b2_c3d4)];
    let said = caller.call(&at(other.addr()), Want::Nodes, bot, NONCE);
    assert_eq!(said.unwrap().num, NodeNum(0x0bad_cafe));
    check_visits(&other, 1);
    // The same node behind another port.
    let bot = vec![NodeNum(0x1), NodeNum(0x0bad_cafe)];
    let said = caller.call(&at(other.addr()), Want::Nodes, bot, NONCE);
    assert_eq!(said, Err(Trouble::OwnNumber(NodeNum(0x0bad_cafe))));
    check_visits(&other, 2);
    own.with(|node, _| assert_eq!(node.counters().accepts, 0));
}

#[test]
fn the_next_address_is_tried_when_one_refuses() {
    let node = node();
    let resolver = names(&[("hill.lan", &["::1", "127.0.0.1"])]);
    let caller = Caller::new(Guard::new(None, resolver), patient());
    let target = endpoint(&format!("hill.lan:{}", node.addr().port()));
    assert!(
        caller
            .call(&target, Want::Config, Vec::new(), NONCE)
            .is_ok()
    );
    check_visits(&node, 1);
}

/// What came of a call with limits of which `limit` shortens one, and that it
/// did not take long.
fn hurry(target: &Endpoint, limit: impl FnOnce(&mut Limits)) -> Trouble {
    let mut limits = Limits {
        goodbye: SHORT,
        ..patient()
    };
    limit(&mut limits);
    let caller = Caller::new(Guard::of_nobody(), limits);
    let began = Instant::now();
    let said = caller.call(target, Want::Nodes, Vec::new(), NONCE);
    assert!(began.elapsed() < SOON / 2, "{:?}", began.elapsed());
    said.expect_err("an answer")
}

#[test]
fn a_closed_port_is_told_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = at(listener.local_addr().unwrap());
    drop(listener);
    let said = hurry(&target, |_| {});
    assert!(
        matches!(&said, Trouble::Connect(why) if why.contains("refused")),
        "{said}"
    );
}

#[test]
fn who_says_nothing_is_left_with_a_goodbye() {
    let stub = Stub::silent();
    let said = hurry(&at(stub.addr), |limits| limits.silence = SHORT);
    assert_eq!(said, Trouble::SilenceTimeout(SHORT));
    let heard = stub.heard();
    assert!(heard.ends_with(&[0x94, 0xc3, 0, 2, 0x20, 1]), "{heard:?}");
}

#[test]
fn a_node_that_stalls_in_its_list_is_left() {
    let node = node();
    node.with(|node, now| node.fault(now, Fault::StallInNodes(5)));
    let said = hurry(&at(node.addr()), |limits| limits.silence = SHORT);
    assert_eq!(said, Trouble::SilenceTimeout(SHORT));
}

#[test]
fn a_node_that_closes_in_its_list_is_told() {
    for fault in [Fault::CloseInNodes(5), Fault::CloseAfterBytes(700)] {
        let node = node();
        node.with(|node, now| node.fault(now, fault));
        assert_eq!(hurry(&at(node.addr()), |_| {}), Trouble::Closed);
        node.with(|node, _| assert_eq!(node.counters().accepts, 1));
    }
}

#[test]
fn what_is_no_node_is_told_so() {
    let page = b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec();
    let stub = Stub::says(page);
    assert_eq!(hurry(&at(stub.addr), |_| {}), Trouble::Nonsense);
    stub.heard();
    let stub = Stub::never_stops(vec![b'x'; 4_096]);
    assert_eq!(hurry(&at(stub.addr), |_| {}), Trouble::Nonsense);
    stub.heard();
}

fn framed(variant: V) -> Vec<u8> {
    let message = proto::FromRadio {
        payload_variant: Some(variant),
        ..proto::FromRadio::default()
    };
    let mut bytes = Vec::new();
    frame::encode(&message, &mut bytes);
    bytes
}

#[test]
fn who_never_comes_to_an_end_is_left() {
    let node = || {
        framed(V::NodeInfo(proto::NodeInfo {
            num: 77,
            ..proto::NodeInfo::default()
        }))
    };
    let stub = Stub::never_stops(node().repeat(100));
    let said = hurry(&at(stub.addr), |_| {});
    assert!(matches!(said, Trouble::TooMuch(_)), "{said}");
    stub.heard();
    // Slowly, a word at a time: each in answer to nothing but the silence.
    let (word, words) = bounded::<()>(0);
    let stub = Stub::new(move |mut stream| {
        use std::io::Write;
        while words.recv_timeout(SHORT / 8).is_err() && stream.write_all(&node()).is_ok() {}
        Vec::new()
    });
    let said = hurry(&at(stub.addr), |limits| limits.whole = SHORT * 2);
    assert_eq!(said, Trouble::WholeTimeout(SHORT * 2));
    drop(word);
    stub.heard();
}

/// A name that is never looked up to the end, until the sender is dropped.
fn hanging(name: &'static str) -> (lookup::Resolver, crossbeam_channel::Sender<()>) {
    let (release, gate) = bounded::<()>(0);
    let resolver: lookup::Resolver = Arc::new(move |host, port| {
        if host == name {
            let _ = gate.recv();
            return Err("name look-up failed: released".to_owned());
        }
        Ok(vec![std::net::SocketAddr::new([127, 0, 0, 1].into(), port)])
    });
    (resolver, release)
}

#[test]
fn a_hung_look_up_is_left_and_does_not_pile_up() {
    let (resolver, release) = hanging("hill.lan");
    let limits = Limits {
        look_up: SHORT,
        ..patient()
    };
    let caller = Caller::new(Guard::new(None, resolver), limits);
    let call = || caller.call(&endpoint("hill.lan"), Want::Nodes, Vec::new(), NONCE);
    // The fourth is the link's.
    for _ in 0..lookup::HANGING {
        assert_eq!(call(), Err(Trouble::LookUpTimeout(SHORT)));
    }
    let piled = Trouble::LookUp("earlier name look-ups still hang".to_owned());
    assert_eq!(call(), Err(piled));
    drop(release);

    // The same for the bot's own node.
    let other = node();
    let (resolver, release) = hanging("radio.lan");
    let own = Some(endpoint(&format!("radio.lan:{}", other.addr().port())));
    let caller = Caller::new(Guard::new(own, resolver), limits);
    let said = caller.call(&at(other.addr()), Want::Nodes, Vec::new(), NONCE);
    let why = "name look-up timed out".to_owned();
    assert_eq!(said, Err(Trouble::OwnUnknown(why)));
    other.with(|node, _| assert_eq!(node.counters().accepts, 0));
    drop(release);
}

#[test]
fn a_full_backlog_of_connections_times_out() {
    // A port that has no room for another connection lets it hang.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
    socket.bind(&any.into()).unwrap();
    socket.listen(0).unwrap();
    let full = socket.local_addr().unwrap().as_socket().unwrap();
    let mut held = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&full, Duration::from_millis(50)) {
        held.push(stream);
        assert!(held.len() < 64, "the port never fills up");
    }
    let said = hurry(&at(full), |limits| limits.connect = SHORT);
    assert_eq!(said, Trouble::ConnectTimeout(SHORT));
}
