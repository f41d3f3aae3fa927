//! Bytes to messages: what the official definitions read, ours read too.

use meshbot::link::frame::{Decoder, HEADER};
use meshbot::mesh::NodeNum;
use meshbot::proto::{
    self, Data, FromRadio, MeshPacket, PortNum, from_radio::PayloadVariant as V,
    mesh_packet::PayloadVariant as Content, routing,
};
use prost::Message;

use crate::support::recording::{Listed, Recording, What};

/// What the decoder made of a stream.
#[derive(PartialEq, Debug, Default)]
struct Found {
    frames: Vec<Listed>,
    rejected: Vec<Listed>,
    stray: usize,
    /// Bytes at the end that wait for the rest of their frame.
    tail: usize,
}

fn decode(bytes: &[u8], piece: usize, long: bool) -> Found {
    let mut decoder = Decoder::default();
    let mut found = Found::default();
    // Every byte so far was in a frame, or stray, or is still to be read.
    let mut in_frames = 0;
    for piece in bytes.chunks(piece) {
        decoder.push(piece);
        while let Some(payload) = decoder.next_frame() {
            let len = payload.len();
            let read = FromRadio::decode(payload);
            let off = in_frames + stray(&decoder);
            let listed = |what| Listed {
                off: Some(off),
                len,
                what,
            };
            match read {
                Ok(message) => {
                    found.frames.push(listed(What::Frame(tell(&message, long))));
                    in_frames += HEADER + len;
                }
                Err(_) => {
                    found.rejected.push(listed(What::NotParsed));
                    decoder.reject();
                }
            }
        }
    }
    found.stray = stray(&decoder);
    found.tail = bytes.len() - in_frames - found.stray;
    found
}

fn stray(decoder: &Decoder) -> usize {
    usize::try_from(decoder.stray_bytes()).expect("no more than there are")
}

/// A message in the words of the listings, of which there are two kinds.
fn tell(message: &FromRadio, long: bool) -> String {
    let Some(variant) = &message.payload_variant else {
        return "None".into();
    };
    match variant {
        V::Packet(packet) if long => tell_packet(packet),
        V::Packet(packet) => format!(
            "packet from {} port {} prio {} rx_time {} rssi {}",
            NodeNum(packet.from),
            data(packet).map_or(0, |data| data.portnum),
            packet.priority,
            packet.rx_time.unwrap_or(0),
            packet.rx_rssi.unwrap_or(0),
        ),
        V::MyInfo(_) => "my_info".into(),
        V::NodeInfo(info) => {
            let name = info.user.as_ref().map_or(&[][..], |user| &user.long_name);
            let name = String::from_utf8_lossy(name);
            format!("node_info {} '{name}'", NodeNum(info.num))
        }
        V::Config(_) => "config".into(),
        V::ConfigCompleteId(nonce) if long => format!("config_complete_id={nonce}"),
        V::ConfigCompleteId(nonce) => format!("config_complete_id {nonce}"),
        V::Rebooted(_) => "rebooted".into(),
        V::ModuleConfig(_) => "moduleConfig".into(),
        V::Channel(_) => "channel".into(),
        V::QueueStatus(status) if long => format!(
            "queueStatus res={} free={} maxlen={} id={:08x}",
            status.res, status.free, status.maxlen, status.mesh_packet_id
        ),
        V::QueueStatus(_) => "queueStatus".into(),
        V::Metadata(_) => "metadata".into(),
        V::FileInfo(_) => "fileInfo".into(),
        V::ClientNotification(_) => "clientNotification".into(),
        V::DeviceuiConfig(_) => "deviceuiConfig".into(),
        V::LockdownStatus(_) => "lockdown_status".into(),
    }
}

fn data(packet: &MeshPacket) -> Option<&Data> {
    match &packet.payload_variant {
        Some(Content::Decoded(data)) => Some(data),
        Some(Content::Encrypted(_)) | None => None,
    }
}

/// What a simulated radio wraps its transmissions in; meshbot ignores it.
#[derive(Clone, PartialEq, prost::Message)]
struct Compressed {
    #[prost(int32, tag = "1")]
    port: i32,
    #[prost(bytes = "vec", tag = "2")]
    data: Vec<u8>,
}

fn port_name(port: i32) -> String {
    PortNum::try_from(port).map_or_else(|_| port.to_string(), |port| port.as_str_name().into())
}

fn tell_packet(packet: &MeshPacket) -> String {
    let mut words = vec![
        format!("packet id={:08x}", packet.id),
        format!("{}->{}", NodeNum(packet.from), NodeNum(packet.to)),
        format!("ch={}", packet.channel),
        format!("hl={}/{}", packet.hop_limit, packet.hop_start),
        format!("prio={}", packet.priority),
    ];
    words.extend(packet.want_ack.then(|| "want_ack".into()));
    words.extend(packet.pki_encrypted.then(|| "PKI".into()));
    let Some(data) = data(packet) else {
        words.push("encrypted".into());
        return words.join(" ");
    };
    words.push(port_name(data.portnum));
    words.extend((data.reply_id != 0).then(|| format!("reply={:08x}", data.reply_id)));
    words.extend((data.request_id != 0).then(|| format!("req={:08x}", data.request_id)));
    words.extend(match PortNum::try_from(data.portnum) {
        Ok(PortNum::TextMessageApp) => Some(format!(
            "len={} b'{}'",
            data.payload.len(),
            data.payload.escape_ascii()
        )),
        Ok(PortNum::SimulatorApp) => {
            let inner = Compressed::decode(&data.payload[..]).expect("what was sent");
            let (port, len) = (port_name(inner.port), inner.data.len());
            Some(format!("[{port} {len}B]"))
        }
        Ok(PortNum::RoutingApp) => match proto::Routing::decode(&data.payload[..])
            .expect("a reason")
            .variant
        {
            Some(routing::Variant::ErrorReason(reason)) => Some(
                routing::Error::try_from(reason)
                    .expect("a reason that we know")
                    .as_str_name()
                    .to_owned(),
            ),
            _ => None,
        },
        _ => None,
    });
    words.join(" ")
}

fn is_long(recording: &Recording) -> bool {
    recording.listed.iter().all(|listed| listed.off.is_some())
}

/// Ours without what the listing does not tell.
fn as_told(found: &[Listed], long: bool) -> Vec<Listed> {
    let mut found = found.to_vec();
    for listed in &mut found {
        listed.off = listed.off.filter(|_| long);
    }
    found
}

#[test]
fn every_listed_frame_is_read_as_listed() {
    let mut count = 0;
    for recording in Recording::all().filter(|recording| !recording.name.starts_with("08")) {
        count += recording.listed.len();
        let long = is_long(&recording);
        let found = decode(&recording.bytes, usize::MAX, long);
        assert_eq!(
            as_told(&found.frames, long),
            recording.listed,
            "{}",
            recording.name
        );
        let rest = (found.rejected.len(), found.stray, found.tail);
        assert_eq!(rest, (0, 0, 0), "{}", recording.name);
    }
    assert_eq!(count, 1_003);
}

#[test]
fn how_the_stream_is_cut_changes_nothing() {
    for recording in Recording::all() {
        let whole = decode(&recording.bytes, usize::MAX, true);
        for piece in [1, 7, 512, 1_460] {
            let found = decode(&recording.bytes, piece, true);
            assert_eq!(found, whole, "{} by {piece}", recording.name);
        }
    }
}

/// Pieces of this stream are missing. The tool that made the listing went on
/// after the torn frame's supposed end; searching the torn frame again, as we
/// do, brings one more frame, whose beginning it had swallowed.
#[test]
fn after_the_cuts_of_08_every_whole_frame_is_found() {
    let recording = Recording::open("08");
    let found = decode(&recording.bytes, usize::MAX, true);
    let listed: Vec<Listed> = recording
        .frames()
        .map(|(listed, _)| listed.clone())
        .collect();
    assert_eq!(listed.len(), 202);
    let (more, same): (Vec<_>, Vec<_>) =
        (found.frames.iter().cloned()).partition(|frame| !listed.contains(frame));
    assert_eq!(same, listed, "all of them, in order");
    assert_eq!(
        more,
        [Listed {
            off: Some(8_566),
            len: 116,
            what: What::Frame("node_info !61006467 'Weather Station 100'".into()),
        }]
    );

    // The listing's own account of the rest: one torn frame, 107 bytes after it.
    let torn = Listed {
        off: Some(8_520),
        len: 55,
        what: What::NotParsed,
    };
    let outside = Listed {
        off: Some(8_579),
        len: 107,
        what: What::Outside,
    };
    let rest: Vec<_> = (recording.listed.iter())
        .filter(|listed| !matches!(listed.what, What::Frame(_)))
        .collect();
    assert_eq!(rest, [&torn, &outside]);
    assert_eq!(found.rejected, [torn]);
    // 4 + 55 torn and 107 outside are, for us, 46 stray and a frame of 4 + 116.
    assert_eq!(found.stray, 46);
    assert_eq!(HEADER + 55 + 107, found.stray + HEADER + 116);
    assert_eq!(found.tail, 121);
}
