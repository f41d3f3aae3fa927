//! A handshake holds the node's private key and the keys of its channels.
//! meshbot has no use for them: they show up in nothing that it says, neither
//! in the log nor when something is printed for debugging.

use std::cell::RefCell;
use std::fmt::{Debug, Write as _};
use std::rc::Rc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use meshbot::bot::all::registry;
use meshbot::link::frame::Decoder;
use meshbot::proto::{FromRadio, from_radio::PayloadVariant, mesh_packet};
use meshbot::recording::Way;
use meshbot::recording::cut::Cut;
use prost::Message;

use crate::support::logs;
use crate::support::recording::Recording;
use crate::support::replay::Replay;

/// What meshbot's own definitions leave out on purpose.
#[derive(Clone, PartialEq, Message)]
struct Whole {
    #[prost(message, optional, tag = "5")]
    config: Option<WholeConfig>,
    #[prost(message, optional, tag = "10")]
    channel: Option<WholeChannel>,
}

#[derive(Clone, PartialEq, Message)]
struct WholeConfig {
    #[prost(message, optional, tag = "8")]
    security: Option<Security>,
}

#[derive(Clone, PartialEq, Message)]
struct Security {
    #[prost(bytes = "vec", tag = "2")]
    private_key: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct WholeChannel {
    #[prost(message, optional, tag = "2")]
    settings: Option<ChannelKey>,
}

#[derive(Clone, PartialEq, Message)]
struct ChannelKey {
    #[prost(bytes = "vec", tag = "2")]
    psk: Vec<u8>,
}

/// The frames of a recording that hold a key worth the name: the key, the
/// frame, and whether it is the node's own.
fn keys(recording: &Recording) -> Vec<(bool, Vec<u8>, Vec<u8>)> {
    let mut decoder = Decoder::default();
    decoder.push(&recording.bytes);
    let mut found = Vec::new();
    while let Some(payload) = decoder.next_frame() {
        let Ok(whole) = Whole::decode(payload) else {
            continue;
        };
        let own = (whole.config)
            .and_then(|config| config.security)
            .map(|security| (true, security.private_key, payload.to_vec()));
        let psk = (whole.channel)
            .and_then(|channel| channel.settings)
            .map(|settings| (false, settings.psk, payload.to_vec()));
        found.extend(own);
        found.extend(psk);
    }
    // One byte is the number of a key that everybody knows.
    found.retain(|(_, key, _)| key.len() >= 16);
    found
}

/// How bytes look when they are printed: as Rust prints a list of numbers, in
/// hex, as text, in base64. Eight bytes in a row are enough to be caught.
fn forms(key: &[u8]) -> Vec<String> {
    let mut forms = vec![STANDARD.encode(key)];
    for part in key.windows(8).step_by(4) {
        let list = format!("{part:?}");
        forms.push(list.trim_matches(['[', ']']).to_owned());
        let hex: String = part.iter().map(|byte| format!("{byte:02x}")).collect();
        forms.push(hex.to_uppercase());
        forms.push(hex);
        forms.push(part.escape_ascii().to_string());
        forms.push(String::from_utf8_lossy(part).into_owned());
    }
    forms
}

/// Never shows the key when it fails.
fn assert_absent(forms: &[String], said: &str, place: &str) {
    let found = forms.iter().any(|form| said.contains(form.as_str()));
    assert!(!found, "a key shows up in {place}");
}

fn debug(value: &impl Debug, into: &mut String) {
    writeln!(into, "{value:?}").expect("a String takes everything");
}

#[test]
fn keys_are_found_in_whatever_form() {
    let key: Vec<u8> = (100..132).collect();
    let forms = forms(&key);
    for shown in [
        format!("{key:?}"),
        format!("{:?}", &key[5..17]),
        key.iter().map(|byte| format!("{byte:02x}")).collect(),
        key.escape_ascii().to_string(),
        STANDARD.encode(&key),
    ] {
        assert!(forms.iter().any(|form| shown.contains(form.as_str())));
    }
}

#[test]
fn no_key_is_ever_shown() {
    let (mut own_keys, mut channel_keys) = (0, 0);
    for recording in Recording::all() {
        let name = recording.name;
        let keys = keys(&recording);
        let forms: Vec<String> = keys.iter().flat_map(|(_, key, _)| forms(key)).collect();
        own_keys += keys.iter().filter(|(own, ..)| *own).count();
        channel_keys += keys.iter().filter(|(own, ..)| !*own).count();
        for (_, _, frame) in &keys {
            let mut said = String::new();
            debug(&FromRadio::decode(&frame[..]).unwrap(), &mut said);
            assert_absent(&forms, &said, &format!("{name}: a decoded frame"));
        }

        let session = Rc::new(RefCell::new(String::new()));
        logs::begin();
        let mut replay = Replay::new(recording, Some(registry()));
        let seen = Rc::clone(&session);
        replay.watch = Box::new(move |session| debug(session, &mut seen.borrow_mut()));
        replay.run();
        let log: Vec<String> = logs::take().into_iter().map(|(_, line)| line).collect();
        assert_absent(&forms, &log.join("\n"), &format!("{name}: the log"));
        assert!(!log.is_empty() || name.starts_with("08"), "{name}");
        let mut said = String::new();
        for identity in replay.identities() {
            debug(identity, &mut said);
        }
        assert_absent(&forms, &said, &format!("{name}: the identity"));
        for event in &replay.events {
            debug(event, &mut said);
        }
        assert_absent(&forms, &said, &format!("{name}: the events"));
        debug(replay.bot(), &mut said);
        assert_absent(&forms, &said, &format!("{name}: the bot"));
        let session = session.borrow();
        assert_absent(&forms, &session, &format!("{name}: the session"));
    }
    // The node of 04, 05 and 06 had no key; that of 01 and 02 had a channel
    // with a key of its own.
    assert_eq!((own_keys, channel_keys), (6, 2));
}

/// M3: what real firmware says, as a recording has it: without the keys, and
/// otherwise as the bot reads it.
#[test]
fn a_recording_holds_no_key_and_everything_that_the_bot_reads() {
    let (mut frames, mut same) = (0, 0);
    for recording in Recording::all() {
        let name = recording.name;
        let mut cut = Cut::new(Way::FromNode);
        let mut pieces = Vec::new();
        for chunk in recording.bytes.chunks(700) {
            let at = std::time::Duration::ZERO;
            cut.push(at, chunk, |piece| pieces.push(piece));
        }
        cut.end(|piece| pieces.push(piece));
        let written: Vec<u8> = pieces.iter().flat_map(|it| it.bytes.clone()).collect();
        for (_, key, _) in keys(&recording) {
            for part in key.windows(4) {
                let found = written.windows(4).any(|it| it == part);
                assert!(!found, "{name}: a key shows up in a recording");
            }
        }
        let mut decoder = Decoder::default();
        decoder.push(&recording.bytes);
        let mut written = pieces.iter().filter(|it| !it.stray);
        while let Some(payload) = decoder.next_frame() {
            let Ok(mut said) = FromRadio::decode(payload) else {
                decoder.reject();
                continue;
            };
            let frame = &written.next().expect("a frame for each").bytes;
            let kept = FromRadio::decode(&frame[4..]).unwrap();
            frames += 1;
            match &mut said.payload_variant {
                Some(PayloadVariant::MyInfo(info)) => info.device_id.clear(),
                // What these carry is as the unit tests say.
                Some(PayloadVariant::Packet(packet)) => {
                    let Some(mesh_packet::PayloadVariant::Decoded(data)) = &packet.payload_variant
                    else {
                        continue;
                    };
                    if data.portnum != 1 {
                        continue;
                    }
                }
                _ => {}
            }
            assert_eq!(kept, said, "{name}");
            same += 1;
        }
        assert!(written.next().is_none(), "{name}");
    }
    assert!(
        frames > 1_000 && same > 900,
        "{frames} frames, {same} the same"
    );
}
