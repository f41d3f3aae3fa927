//! The log of the real program when nobody reads it, or reads it late.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Stdio;
use std::time::Duration;

use meshbot::mesh::PacketId;
use meshbot::proto::mesh_packet;
use meshbot::sim::{Handle, OnAir, Said, Server, Settings};

use crate::support::program::{Program, SOON, configured, in_front_of, meshbot};

/// More than a pipe and the queue before it hold.
const LINES: usize = 6_000;

/// A bot whose standard error is a pipe that nobody reads, and its node.
fn unread() -> (Handle, Program, tempfile::TempDir) {
    let node = Server::local(Settings::default()).unwrap();
    let (folder, path) = configured(&format!(
        "{}\n[bot]\nchannels = [0]\n[log]\nlevel = \"debug\"",
        in_front_of(&node)
    ));
    let program = Program::start(meshbot(&["run", "--config", &path]).stderr(Stdio::piped()));
    let steady = node.wait_for(SOON, |node| node.steady().then_some(()));
    assert!(steady.is_some(), "no link");
    // Each is a line of the log: nobody is answered on that channel.
    for _ in 0..LINES / 100 {
        node.with(|node, now| {
            let who = node.people()[0].num;
            for _ in 0..100 {
                node.hear_text(now, Said::on_channel(who, 1, "nothing that matters"));
            }
        });
    }
    (node, program, folder)
}

/// Whether somebody who asks is answered. What is said while the bot is behind may be
/// left out, so one after the other asks.
fn answers(node: &Handle) -> bool {
    let people: Vec<_> = node.with(|node, _| node.people().iter().map(|it| it.num).collect());
    people.into_iter().any(|who| {
        let id = node.with(|node, now| node.hear_text(now, Said::to_us(who, "/help ping")));
        let answered = node.wait_for(Duration::from_secs(6), |node| {
            let is_answer = |sent: &OnAir| {
                matches!(&sent.packet.payload_variant,
                    Some(mesh_packet::PayloadVariant::Decoded(data))
                        if PacketId(data.reply_id) == id)
            };
            node.on_air().iter().any(is_answer).then_some(())
        });
        answered.is_some()
    })
}

#[test]
fn a_log_that_nobody_reads_stops_neither_the_bot_nor_its_end() {
    let (node, mut program, _folder) = unread();
    assert!(answers(&node), "no answer while nobody reads the log");
    // Somebody reads after all, and is told what is missing.
    let said = program.hear();
    assert!(answers(&node));
    program.terminate();
    let said = said.join().unwrap();
    assert!(
        said.contains(" lines of the log left out: nobody read them"),
        "{} lines",
        said.lines().count()
    );
    assert!(said.lines().count() < LINES);
}

#[test]
fn a_log_that_nobody_ever_reads_does_not_hold_up_the_end() {
    let (_node, program, _folder) = unread();
    let (took, code) = program.terminate();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(10), "{took:?}");
}

/// One sentence, and nobody there to read it.
#[test]
fn a_complaint_that_nobody_reads_does_not_hold_up_the_end() {
    let (reader, writer) = std::io::pipe().unwrap();
    // Full to the last byte, by a description of its own: that one is non-blocking.
    let mut filler = std::fs::OpenOptions::new()
        .write(true)
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
        .open(format!("/proc/self/fd/{}", writer.as_raw_fd()))
        .unwrap();
    while filler.write(&[b'x'; 512]).is_ok() {}
    while filler.write(b"x").is_ok() {}
    let mut program =
        Program::start(meshbot(&["run", "--config", "/nonexistent/meshbot.toml"]).stderr(writer));
    assert_eq!(program.wait().unwrap().code(), Some(78));
    drop(reader);
}
