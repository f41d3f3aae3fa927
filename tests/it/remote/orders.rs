//! `/nodes @name` with the real threads over real sockets: whom it reaches,
//! whom it does not, and that nobody else waits for it.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use meshbot::app::{self, Running};
use meshbot::bot::all;
use meshbot::config::Config;
use meshbot::mesh::NodeNum;
use meshbot::sim::{Handle, Said, Server, Settings, SimNode};

use super::{SOON, node};
use crate::support::logs;
use crate::support::world::World;

const HILL: NodeNum = NodeNum(0x0bad_cafe);

/// The bot, its own node, and the operator, who is Alice.
struct Rig {
    own: Handle,
    running: Option<Running>,
    _folder: tempfile::TempDir,
}

impl Rig {
    /// `remote` gives the lines of `[remote]`, once it is known where the own
    /// node listens.
    fn new(remote: impl FnOnce(u16) -> String) -> Self {
        let own = node();
        let folder = tempfile::tempdir().unwrap();
        let port = own.addr().port();
        let (operator, key) = own.with(|node, _| {
            let alice = &node.people()[0];
            (alice.num, alice.public_key.unwrap())
        });
        let text = format!(
            "[node]\nhost = \"127.0.0.1\"\nport = {port}\n\
             [operator]\nnode = \"{operator}\"\nkey = \"{}\"\n\
             [store]\npath = '{}'\n[remote]\n{}",
            STANDARD.encode(key),
            folder.path().join("meshbot.db").display(),
            remote(port),
        );
        let config = Config::parse(&text, "test.toml").unwrap();
        let running = app::start(&config, all::registry(), Arc::new(|| {})).unwrap();
        own.wait_for(SOON, |node| {
            (node.counters().want_nodes_only > 0 && node.steady()).then_some(())
        })
        .expect("the bot did not ask for the node list");
        Self {
            own,
            running: Some(running),
            _folder: folder,
        }
    }

    fn say(&self, person: usize, text: &str) {
        self.own.with(|node, now| {
            let num = node.people()[person].num;
            node.hear_text(now, Said::to_us(num, text));
        });
    }

    /// The next text that the bot puts on the air.
    fn next_text(&self) -> String {
        let text = self.own.wait_for(SOON, |node: &mut SimNode| {
            node.on_air()
                .iter()
                .find(|sent| sent.by_client && sent.text().is_some())
                .and_then(|sent| sent.text().map(str::to_owned))
        });
        text.expect("no answer")
    }

    /// What the operator is told.
    fn order(&self, text: &str) -> String {
        self.say(0, text);
        self.next_text()
    }

    /// How long the end took.
    fn stop(&mut self) -> Duration {
        let began = Instant::now();
        self.running.take().unwrap().stop();
        began.elapsed()
    }
}

impl Drop for Rig {
    /// One connection to the own node, whatever happened.
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop();
        }
        if !std::thread::panicking() {
            self.own
                .with(|node, _| assert_eq!(node.counters().accepts, 1));
        }
    }
}

fn hill(nodes: usize) -> Handle {
    Server::local(Settings {
        own: HILL,
        nodes,
        ..Settings::default()
    })
    .unwrap()
}

/// So many visits, each with a goodbye, none of them left.
fn check_visits(node: &Handle, visits: u64) {
    node.wait_for(SOON, |node| (node.counters().open == 0).then_some(()))
        .expect("the connection is still open");
    node.with(|node, _| {
        assert_eq!(node.counters().accepts, visits);
        assert_eq!(node.counters().disconnects, visits);
    });
}

#[test]
fn the_operator_learns_what_another_node_lists() {
    let hill = hill(30);
    let rig = Rig::new(|_| format!("hill = \"{}\"", hill.addr()));
    let told = rig.order("/nodes @hill");
    assert!(told.starts_with("Known to hill: "), "{told}");
    check_visits(&hill, 1);
    // The next page is of the same list.
    assert!(rig.order("/nodes @hill 2").contains("\n2/"));
    check_visits(&hill, 1);
}

#[test]
fn the_own_node_under_another_name_is_not_connected_to() {
    let rig = Rig::new(|port| format!("me = \"0x7f.1:{port}\"\nnowhere = \"0x7f.1:1\""));
    let told = rig.order("/nodes @me");
    assert_eq!(told, "me is my own node. I do not connect to it twice.");
    let told = rig.order("/nodes @nowhere");
    assert_eq!(told, "nowhere cannot be reached.");
}

#[test]
fn the_own_node_behind_another_address_is_left_at_once() {
    // The same number: a bridge, or a forwarded port.
    let twin = node();
    let rig = Rig::new(|_| format!("twin = \"{}\"", twin.addr()));
    let told = rig.order("/nodes @twin");
    assert_eq!(told, "twin is my own node. I do not connect to it twice.");
    check_visits(&twin, 1);
}

/// Accepts one connection and says nothing for as long as it is held.
fn hung() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[test]
fn a_hung_node_delays_nobody_and_does_not_hold_up_the_end() {
    // C22, and the end within 2 s.
    let (listener, port) = hung();
    let mut rig = Rig::new(|_| format!("hill = \"127.0.0.1:{port}\""));
    rig.say(0, "/nodes @hill");
    let (mut held, _) = listener.accept().unwrap();
    // He is on the line, and nobody answers there.
    let asked = Instant::now();
    rig.own.with(|node, now| {
        let bob = node.people()[1].num;
        node.hear_text(now, Said::on_channel(bob, 0, "/ping"));
    });
    assert!(rig.next_text().contains("pong"));
    let answered = asked.elapsed();
    assert!(answered < Duration::from_secs(1), "{answered:?}");
    let stopped = rig.stop();
    assert!(stopped < Duration::from_secs(2), "{stopped:?}");
    check_only_the_question(&mut held);
}

fn check_only_the_question(held: &mut TcpStream) {
    let mut bytes = [0; 64];
    let count = std::io::Read::read(held, &mut bytes).unwrap();
    assert_eq!(bytes[..4], [0x94, 0xc3, 0, bytes[3]]);
    assert_eq!(bytes[4], 0x18, "want_config_id");
    assert_eq!(count, 4 + usize::from(bytes[3]));
}

#[test]
fn a_hung_node_that_hangs_up_is_told() {
    let (listener, port) = hung();
    let rig = Rig::new(|_| format!("hill = \"127.0.0.1:{port}\""));
    rig.say(0, "/nodes @hill");
    let (mut held, _) = listener.accept().unwrap();
    check_only_the_question(&mut held);
    drop(held);
    assert_eq!(rig.next_text(), "hill hung up before the end.");
}

#[test]
fn an_unknown_name_is_answered_with_the_known_ones() {
    let rig = Rig::new(|_| "hill = \"127.0.0.1:1\"\nnorth = \"127.0.0.1:2\"".to_owned());
    assert_eq!(
        rig.order("/nodes @south"),
        "I can ask these nodes: hill, north"
    );
}

#[test]
fn nobody_else_reaches_another_node() {
    let hill = hill(3);
    let rig = Rig::new(|_| format!("hill = \"{}\"", hill.addr()));
    rig.say(1, "/nodes @hill");
    rig.say(1, "/ping");
    assert!(rig.next_text().contains("pong"));
    hill.with(|node, _| assert_eq!(node.counters().accepts, 0));
}

#[test]
fn a_refused_order_is_in_the_log_once() {
    let mut world = World::ready();
    let alice = world.person(0);
    logs::begin();
    for _ in 0..3 {
        assert_eq!(world.ask(Said::to_us(alice, "/nodes @hill")).len(), 0);
    }
    let log = logs::take();
    let refused = log
        .iter()
        .filter(|(_, line)| line.contains("not the operator"))
        .count();
    assert_eq!(refused, 1, "{log:?}");
}
