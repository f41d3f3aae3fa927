//! The simulated node over real sockets.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use prost::Message;

use super::*;
use crate::link::frame::{self, Decoder};
use crate::mesh::NodeNum;
use crate::proto::{self, from_radio, to_radio};
use crate::sim::{Fault, Said};

/// Long enough for the slowest machine; nobody waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(20);

fn start(settings: Settings) -> Handle {
    Server::local(settings).unwrap()
}

struct Client {
    socket: TcpStream,
    decoder: Decoder,
}

impl Client {
    fn connect(handle: &Handle) -> Self {
        let socket = TcpStream::connect(handle.addr()).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self {
            socket,
            decoder: Decoder::default(),
        }
    }

    fn say(&mut self, message: to_radio::PayloadVariant) {
        let message = proto::ToRadio {
            payload_variant: Some(message),
        };
        let mut bytes = Vec::new();
        assert!(frame::encode(&message, &mut bytes));
        self.socket.write_all(&bytes).unwrap();
    }

    /// The next message; `None` at the end of the stream.
    fn next(&mut self) -> Option<from_radio::PayloadVariant> {
        loop {
            if let Some(frame) = self.decoder.next_frame() {
                let message = proto::FromRadio::decode(frame).unwrap();
                if message.payload_variant.is_some() {
                    return message.payload_variant;
                }
                continue;
            }
            let mut buffer = [0; 1000];
            match self.socket.read(&mut buffer).unwrap() {
                0 => return None,
                count => self.decoder.push(&buffer[..count]),
            }
        }
    }

    fn handshake(&mut self, nonce: u32) -> usize {
        self.say(to_radio::PayloadVariant::WantConfigId(nonce));
        let mut count = 1;
        while self.next() != Some(from_radio::PayloadVariant::ConfigCompleteId(nonce)) {
            count += 1;
        }
        count
    }
}

#[test]
fn a_client_is_served_until_a_newer_one_comes() {
    let handle = start(Settings {
        nodes: 200,
        ..Settings::default()
    });
    let mut old = Client::connect(&handle);
    assert_eq!(old.handshake(7), 245);
    let said = Said::on_channel(NodeNum(9), 0, "hello");
    handle.with(|node, now| node.hear_text(now, said));
    assert!(matches!(
        old.next(),
        Some(from_radio::PayloadVariant::Packet(_))
    ));
    let mut new = Client::connect(&handle);
    assert_eq!(old.next(), None);
    new.handshake(69420);
    assert_eq!(handle.with(|node, _| node.counters().accepts), 2);
    handle.stop();
    assert_eq!(new.next(), None);
}

#[test]
fn a_closed_client_is_noticed_and_its_text_is_on_air() {
    let handle = start(Settings::default());
    let mut client = Client::connect(&handle);
    client.handshake(69420);
    client.say(to_radio::PayloadVariant::Packet(proto::MeshPacket {
        to: u32::MAX,
        id: 5,
        payload_variant: Some(proto::mesh_packet::PayloadVariant::Decoded(proto::Data {
            portnum: 1,
            payload: b"hi".to_vec(),
            ..Default::default()
        })),
        ..Default::default()
    }));
    drop(client);
    let air = handle.wait_for(PATIENCE, |node| {
        let air = node.on_air();
        (!air.is_empty()).then_some(air)
    });
    assert_eq!(air.unwrap()[0].text(), Some("hi"));
    let gone = handle.wait_for(PATIENCE, |node| (node.counters().open == 0).then_some(()));
    assert!(gone.is_some());
}

#[test]
fn a_restart_refuses_and_comes_back_on_the_same_port() {
    let handle = start(Settings::default());
    let mut client = Client::connect(&handle);
    client.handshake(69420);
    handle.with(|node, now| node.fault(now, Fault::Reboot(Duration::from_secs(3600))));
    assert_eq!(client.next(), None);
    let refused = loop {
        // The thread may still be closing the port.
        match TcpStream::connect(handle.addr()) {
            Ok(_) => std::thread::yield_now(),
            Err(error) => break error.kind(),
        }
    };
    assert_eq!(refused, ErrorKind::ConnectionRefused);
    // A second restart cuts the first one short.
    handle.with(|node, now| node.fault(now, Fault::Reboot(Duration::ZERO)));
    let mut client = loop {
        match TcpStream::connect(handle.addr()) {
            Ok(socket) => {
                socket.set_read_timeout(Some(PATIENCE)).unwrap();
                break Client {
                    socket,
                    decoder: Decoder::default(),
                };
            }
            Err(_) => std::thread::yield_now(),
        }
    };
    client.handshake(69420);
}

#[test]
fn a_client_that_reads_nothing_does_not_hold_the_stop() {
    let handle = start(Settings {
        nodes: 249,
        ..Settings::default()
    });
    let mut client = Client::connect(&handle);
    for nonce in 1..200 {
        client.say(to_radio::PayloadVariant::WantConfigId(nonce));
    }
    let asked = |node: &mut SimNode| (node.counters().want_full > 0).then_some(());
    assert!(handle.wait_for(PATIENCE, asked).is_some());
    handle.stop();
}
