//! What is written down is what was heard, and what was known is known again.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use log::Level;
use meshbot::bot::dispatch::Before;
use meshbot::history::{Batch, Heard, History, When};
use meshbot::mesh::{Known, Node, NodeBook, NodeNum, PacketId, Sanity};
use meshbot::proto::routing;
use meshbot::sim::{Fault, Said, Version};
use meshbot::store::history::thread::Clerk;
use meshbot::store::history::{self, Limits, Writer, packed};

use super::traffic::{Mesh, OWN};
use super::{number, packets, place, writer};
use crate::support::logs;
use crate::support::world::{Options, World};

/// Writes at once, in the same thread.
pub struct Inline(RefCell<Writer>);

impl Inline {
    pub fn at(path: &Path) -> Option<Box<dyn History>> {
        Some(Box::new(Self(RefCell::new(writer(path)))))
    }
}

impl History for Inline {
    fn keep(&self, batch: Box<Batch>) -> Result<(), Box<Batch>> {
        self.0.borrow_mut().apply(&batch).unwrap();
        Ok(())
    }
}

/// Counts what it is offered, and takes it or not.
struct Counting {
    offered: Arc<AtomicUsize>,
    takes: bool,
}

impl History for Counting {
    fn keep(&self, batch: Box<Batch>) -> Result<(), Box<Batch>> {
        self.offered.fetch_add(1, Ordering::Relaxed);
        if self.takes { Ok(()) } else { Err(batch) }
    }
}

fn counting(takes: bool) -> (Arc<AtomicUsize>, Option<Box<dyn History>>) {
    let offered = Arc::new(AtomicUsize::new(0));
    let history = Counting {
        offered: Arc::clone(&offered),
        takes,
    };
    (offered, Some(Box::new(history)))
}

const MINUTE: u64 = 60_000;

fn written(book: &NodeBook) -> Vec<Known> {
    book.iter().map(Node::to_known).collect()
}

/// Packets that had not waited.
fn live(kept: &[Heard]) -> u64 {
    kept.iter().filter(|heard| !heard.late).count() as u64
}

/// Live packets of others, as the book counts them.
fn counted(world: &World) -> u64 {
    let counters = world.bot.book().counters();
    counters.readable + counters.encrypted + counters.empty
}

#[test]
fn replayed_records_are_no_receptions_however_often_they_come() {
    // A10, X5.
    let (_folder, path) = place();
    let mut options = Options {
        history: Inline::at(&path),
        ..Options::default()
    };
    options.sim.version = Version::V2_8;
    options.sim.nodes = 200;
    options.sim.replay = true;
    let mut world = World::with(options);
    world.settle();
    for _ in 0..2 {
        world.fault(Fault::Drop);
        world.run(MINUTE);
        assert!(world.core.session().is_ready());
    }
    let alice = world.person(0);
    world.ask(Said::on_channel(alice, 0, "/ping"));
    world.run(11 * MINUTE);
    let kept = packets(&path);
    assert!(!kept.is_empty());
    assert_eq!(live(&kept), counted(&world));
    let is_known = |heard: &Heard| {
        let named = format!("SELECT count(*) FROM nodes WHERE num = {}", heard.from.0);
        number(&path, &named) == 1
    };
    assert!(kept.iter().all(is_known));
    let placed = "SELECT count(*) FROM heard WHERE latitude IS NOT NULL";
    assert!(number(&path, placed) > 20);
    let direct = "SELECT count(*) FROM heard WHERE direct_snrs IS NOT NULL";
    assert!(number(&path, direct) <= 1, "only Alice was heard");
}

/// From the radio to the row: what our node cannot read is counted once, makes
/// nobody known, and is never answered; what a simulated radio echoes is none.
#[test]
fn what_nobody_here_can_read_is_counted_once() {
    let (_folder, path) = place();
    let mut options = Options {
        history: Inline::at(&path),
        ..Options::default()
    };
    options.sim.echo_simulated_radio = true;
    let mut world = World::with(options);
    world.settle();
    let alice = world.person(0);
    // A private answer comes back unreadable, from our own number.
    assert_eq!(world.ask(Said::to_us(alice, "/ping")).len(), 1);
    let stranger = NodeNum(0x5eed_0001);
    let sealed = |from, id| Said {
        id: Some(PacketId(id)),
        ..Said::unreadable(from, 0x2c)
    };
    for said in [sealed(stranger, 71), sealed(alice, 72)] {
        assert!(world.ask(said.clone()).is_empty());
        // The same after a reconnect.
        world.fault(Fault::Drop);
        world.run(MINUTE);
        assert!(world.ask(said).is_empty());
    }
    for _ in 0..2 {
        world.ask(sealed(stranger, 0));
    }
    // And what waited in the node while nobody listened.
    world.off = true;
    world.fault(Fault::Drop);
    world.run(5 * MINUTE);
    world.say(sealed(stranger, 73));
    world.run(MINUTE);
    world.off = false;
    world.run(12 * MINUTE);
    let kept = packets(&path);
    let sealed: Vec<_> = kept.iter().filter(|heard| heard.port == -1).collect();
    let rows = |is: &dyn Fn(&Heard) -> bool| sealed.iter().filter(|heard| is(heard)).count();
    assert_eq!(rows(&|heard| !heard.late && heard.from == alice), 1);
    assert_eq!(rows(&|heard| !heard.late && heard.from == stranger), 3);
    assert_eq!(rows(&|heard| heard.late), 1);
    assert_eq!(
        rows(&|heard| heard.channel != 44),
        0,
        "the hash of the channel"
    );
    let counters = world.bot.book().counters();
    assert_eq!(counters.encrypted, 4);
    assert_eq!(world.core.session().counters().encrypted, 5);
    assert_eq!(live(&kept), counted(&world));
    assert!(world.bot.book().get(stranger).is_none());
    let named = format!("SELECT count(*) FROM nodes WHERE num = {}", stranger.0);
    assert_eq!(number(&path, &named), 0);
}

#[test]
fn a_back_log_is_written_down_and_marked() {
    let (_folder, path) = place();
    let mut world = World::with(Options {
        history: Inline::at(&path),
        ..Options::default()
    });
    world.off = true;
    let alice = world.person(0);
    for minute in 1..=5 {
        world.run(MINUTE);
        world.say(Said::on_channel(alice, 0, &format!("/ping {minute}")));
    }
    world.run(MINUTE);
    world.off = false;
    world.run(15 * MINUTE);
    let kept = packets(&path);
    let late = kept.iter().filter(|heard| heard.late);
    let texts = late.clone().filter(|heard| heard.port == 1).count();
    assert_eq!(texts, 5);
    assert_eq!(live(&kept), counted(&world));
    let times = late.map(|heard| match heard.at {
        When::Unix(at) => at,
        When::Mono(_) => panic!("without a date"),
    });
    let spread = times.clone().max().unwrap() - times.min().unwrap();
    assert!(spread >= 200, "each at its own time: {spread}");
}

#[test]
fn a_restart_gives_the_same_book_and_goes_on_alike() {
    let (_folder, path) = place();
    let mut mesh = Mesh::new(11);
    let mut writer = writer(&path);
    for _ in 0..180 {
        if let Some(batch) = mesh.minute(20) {
            writer.apply(&batch).unwrap();
        }
    }
    writer.apply(&mesh.flush().unwrap()).unwrap();
    drop(writer);

    let opened = history::open(&path, Limits::default()).unwrap();
    assert_eq!(opened.own, Some(OWN));
    let mut again = NodeBook::default();
    again.set_own(OWN);
    again.restore(opened.nodes);
    assert_eq!(written(&again), written(&mesh.book));
    let direct = |book: &NodeBook| -> Vec<(NodeNum, Option<f32>)> {
        let nodes = book.direct(mesh.now).into_iter();
        nodes
            .map(|node| (node.num, node.direct_snr(mesh.now)))
            .collect()
    };
    assert!(direct(&mesh.book).len() > 20);
    assert_eq!(direct(&again), direct(&mesh.book));

    let sanity = Sanity {
        built: 1_000_000_000,
    };
    for _ in 0..2_000 {
        let received = mesh.packet();
        again.note_packet(&received.packet, received.standing, mesh.now, sanity);
        mesh.receive(&received);
    }
    assert_eq!(written(&again), written(&mesh.book));
}

#[test]
fn the_bot_knows_its_mesh_before_the_node_has_told_it() {
    let (_folder, path) = place();
    let mut options = Options {
        history: Inline::at(&path),
        ..Options::default()
    };
    options.sim.chatter = true;
    let mut world = World::with(options);
    world.settle();
    world.run(45 * MINUTE);
    world.bot.close(world.now);
    let known = written(world.bot.book());
    assert!(known.len() > 10);
    drop(world);

    let opened = history::open(&path, Limits::default()).unwrap();
    // Our node was reset meanwhile: it hardly knows anybody.
    let mut options = Options {
        before: Before {
            own: opened.own,
            nodes: opened.nodes,
            ..Before::default()
        },
        ..Options::default()
    };
    options.sim.nodes = 3;
    let mut world = World::with(options);
    assert_eq!(written(world.bot.book()), known);
    world.settle();
    let listed = world.node.people().len();
    assert!(world.bot.book().had_list() && listed < known.len() / 2);
    let names = |book: &[Known]| -> Vec<_> {
        let names = book.iter();
        names
            .map(|node| (node.num, node.long_name.clone()))
            .collect()
    };
    assert_eq!(names(&written(world.bot.book())), names(&known));
    // And it makes use of it: of somebody whom our node does not know.
    let gone = known
        .iter()
        .filter(|node| Some(node.num) != world.bot.book().own())
        .filter(|node| world.node.people().iter().all(|it| it.num != node.num))
        .find(|node| node.last_heard.is_some())
        .unwrap();
    let question = format!("/info {}", gone.num);
    let answers = world.ask(Said::on_channel(world.person(0), 0, &question));
    let name = gone.short_name.as_deref().unwrap();
    assert!(answers[0].text.contains(name), "{name}: {answers:?}");
}

#[test]
fn another_node_does_not_inherit_what_was_heard() {
    // A14.
    let (_folder, path) = place();
    let mut world = World::with(Options {
        history: Inline::at(&path),
        ..Options::default()
    });
    world.settle();
    let alice = world.person(0);
    world.ask(Said::on_channel(alice, 0, "/ping"));
    world.run(MINUTE);
    logs::begin();
    let (first, other) = (world.bot.book().own().unwrap(), NodeNum(0x7777_8888));
    world.fault(Fault::ChangeOwnNumber(other));
    world.fault(Fault::Drop);
    world.run(MINUTE);
    let kept_apart = logs::take()
        .iter()
        .filter(|(level, line)| *level == Level::Warn && line.contains("is kept apart"))
        .count();
    assert_eq!(kept_apart, 1);
    assert!(
        world
            .bot
            .book()
            .get(alice)
            .is_none_or(|node| node.last_direct().is_none())
    );
    world.ask(Said::on_channel(alice, 0, "/ping"));
    world.bot.close(world.now);
    let mut each = BTreeMap::new();
    let conn = rusqlite::Connection::open(&path).unwrap();
    packed::each_piece(&conn, &(0..=u64::MAX), |piece| {
        let texts = piece.packets().filter(|(_, heard)| heard.port == 1);
        *each.entry(piece.own).or_insert(0) += texts.count();
        Ok(())
    })
    .unwrap();
    assert_eq!(each.into_values().collect::<Vec<_>>(), [1, 1]);
    let heard = written(world.bot.book());
    drop(world);
    let opened = history::open(&path, Limits::default()).unwrap();
    assert_eq!(opened.own, Some(other));
    drop(opened.writer);
    // After a restart the first node is back: what it had heard is known again,
    // and when the other one returns, so is what that had.
    let mut world = World::with(Options {
        before: Before {
            own: opened.own,
            nodes: opened.nodes,
            others: opened.others,
            ..Before::default()
        },
        history: Inline::at(&path),
        ..Options::default()
    });
    assert_eq!(written(world.bot.book()).len(), heard.len());
    world.settle();
    let receptions = |world: &World| {
        let alice = world.bot.book().get(alice).unwrap();
        (alice.packets, alice.direct_snrs().len())
    };
    assert_eq!(receptions(&world), (0, 1), "heard before the restart");
    world.ask(Said::on_channel(alice, 0, "/ping"));
    assert_eq!(receptions(&world), (1, 2));
    for (number, known) in [(other, 1), (first, 2)] {
        world.fault(Fault::ChangeOwnNumber(number));
        world.fault(Fault::Drop);
        world.run(MINUTE);
        assert_eq!(world.bot.book().own(), Some(number));
        assert_eq!(receptions(&world), (0, known));
    }
}

/// As the store's thread does it, but at once.
struct Diligent(RefCell<Clerk>);

impl History for Diligent {
    fn keep(&self, batch: Box<Batch>) -> Result<(), Box<Batch>> {
        self.0.borrow_mut().keep(&batch);
        Ok(())
    }

    fn has_forgotten(&self) -> bool {
        self.0.borrow_mut().take_renewed()
    }
}

#[test]
fn a_fresh_file_after_a_broken_one_knows_the_nodes() {
    let (_folder, path) = place();
    let mut world = World::with(Options {
        history: Some(Box::new(Diligent(RefCell::new(Clerk::new(writer(&path)))))),
        ..Options::default()
    });
    world.settle();
    world.run(15 * MINUTE);
    let nodes = "SELECT count(*) FROM heard JOIN nodes USING (num)";
    let known = i64::try_from(world.bot.book().len()).unwrap();
    assert_eq!(number(&path, nodes), known);
    number(&path, "PRAGMA wal_checkpoint(TRUNCATE)");
    std::fs::write(&path, vec![0x5a; 20_000]).unwrap();
    let alice = world.person(0);
    world.ask(Said::on_channel(alice, 0, "/ping"));
    world.run(11 * MINUTE);
    assert!(history::disk::beside(&path, ".corrupt-1").exists());
    let texts = packets(&path).into_iter().filter(|heard| heard.port == 1);
    assert_eq!(texts.count(), 1);
    world.run(10 * MINUTE);
    assert_eq!(number(&path, nodes), known);
}

#[test]
fn an_answer_that_did_not_arrive_is_durable_at_once() {
    // K6.
    let (_folder, path) = place();
    let mut world = World::with(Options {
        history: Inline::at(&path),
        ..Options::default()
    });
    world.settle();
    world.fault(Fault::NakWith(routing::Error::PkiFailed));
    let alice = world.person(0);
    world.ask(Said::to_us(alice, "/ping"));
    world.run(5_000);
    let conn = rusqlite::Connection::open(&path).unwrap();
    let (node, reason): (u32, String) = conn
        .query_row("SELECT num, reason FROM errors", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!((NodeNum(node), reason.as_str()), (alice, "PKI_FAILED"));
}

#[test]
fn a_quiet_mesh_never_wakes_the_store() {
    let (offered, history) = counting(true);
    let mut options = Options {
        history,
        ..Options::default()
    };
    options.sim.own_telemetry = false;
    let mut world = World::with(options);
    world.settle();
    world.run(20 * MINUTE);
    let after_the_handshake = offered.load(Ordering::Relaxed);
    assert!(after_the_handshake <= 1);
    world.run(6 * 60 * MINUTE);
    assert!(world.node.counters().heartbeats > 100);
    assert_eq!(offered.load(Ordering::Relaxed), after_the_handshake);
}

#[test]
fn a_store_that_takes_nothing_holds_up_nobody() {
    logs::begin();
    let (offered, history) = counting(false);
    let mut world = World::with(Options {
        history,
        ..Options::default()
    });
    world.settle();
    let alice = world.person(0);
    for _ in 0..5 {
        assert_eq!(world.ask(Said::to_us(alice, "/ping")).len(), 1);
        world.run(11 * MINUTE);
    }
    assert!(offered.load(Ordering::Relaxed) >= 5);
    let said = logs::take();
    assert_eq!(logs::count(&said, "rows are left out"), 1);
}
