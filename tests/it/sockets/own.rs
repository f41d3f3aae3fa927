//! C1: what is asked over HTTP never reaches the bot's own node.

use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use meshbot::net::lookup::{self, Resolver};
use meshbot::net::{Endpoint, Guard};
use meshbot::services::http::{Http, HttpError};
use meshbot::sim::{Handle, Server, Settings};
use proptest::prelude::*;
use ureq::Proxy;

use super::leads::{Stub, Way, service};

const SOON: Duration = Duration::from_secs(20);

/// Some names of a home, and what the system reads without a name server.
fn names() -> Resolver {
    let system = lookup::system();
    Arc::new(move |name, port| {
        let ips: &[[u8; 4]] = match name.to_ascii_lowercase().trim_end_matches('.') {
            "radio.lan" | "alias.lan" | "localhost" => &[[127, 0, 0, 1]],
            "two.lan" => &[[192, 0, 2, 9], [127, 0, 0, 1]],
            "other.lan" => &[[192, 0, 2, 9]],
            name if name.starts_with(|c: char| c.is_ascii_digit()) => return system(name, port),
            _ => return Err("name look-up failed: nobody of that name".to_owned()),
        };
        Ok(ips.iter().map(|ip| SocketAddr::from((*ip, port))).collect())
    })
}

/// The node, a service that leads there, and who asks that service.
struct Home {
    node: Handle,
    stub: Stub,
    way: Arc<Mutex<Way>>,
    guard: Guard,
}

impl Home {
    fn new(own: &str) -> Self {
        let node = Server::local(Settings::default()).unwrap();
        let (stub, way) = service();
        let own = Endpoint {
            host: own.to_owned(),
            port: node.addr().port(),
        };
        let guard = Guard::new(Some(own), names());
        Self {
            node,
            stub,
            way,
            guard,
        }
    }

    fn port(&self) -> u16 {
        self.node.addr().port()
    }

    fn lead(&self, status: u16, location: &str) {
        let mut way = self.way.lock().unwrap();
        way.status = status;
        way.location = location.replace("PORT", &self.port().to_string());
        way.asked.clear();
    }

    fn ask(&self, proxy: Option<&str>, url: &str) -> Result<String, HttpError> {
        let proxy = proxy.map(|proxy| Proxy::new(proxy).unwrap());
        Http::through(proxy, &self.guard).get_within(url, SOON)
    }

    fn refused(&self, proxy: Option<&str>, url: &str) {
        let url = url.replace("PORT", &self.port().to_string());
        let said = self.ask(proxy, &url).unwrap_err();
        let text = said.to_string();
        let location = self.way.lock().unwrap().location.clone();
        assert!(
            matches!(said, HttpError::Transport(_)) && text.contains("bot's own node"),
            "{url} to {location} through {proxy:?}: {text}"
        );
    }

    /// The node takes connections in their order: ours is the first and only.
    fn check_unvisited(self) {
        let link = TcpStream::connect(self.node.addr()).unwrap();
        let seen = self.node.wait_for(SOON, |node| {
            (node.counters().accepts > 0).then(|| node.counters().accepts)
        });
        assert_eq!(seen, Some(1));
        drop(link);
    }
}

/// All of them lead to this machine.
const SPELLINGS: &[&str] = &[
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "2130706433",
    "0x7f.1",
    "0x7f000001",
    "017700000001",
    "0177.0.0.1",
    "127.1",
    "localhost",
    "LOCALHOST",
    "radio.lan",
    "Radio.LAN.",
    "alias.lan",
    "two.lan",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "somebody@127.0.0.1",
    "192.0.2.1:80@radio.lan",
    "api.open-meteo.com:443@127.1",
];

#[test]
fn a_service_cannot_lead_to_the_own_node() {
    for own in ["127.0.0.1", "radio.lan", "::1", "two.lan"] {
        let home = Home::new(own);
        for spelling in SPELLINGS {
            for location in [
                "http://SPELLING:PORT/",
                "//SPELLING:PORT",
                "HTTP://SPELLING:PORT/v1?x=1",
            ] {
                home.lead(302, &location.replace("SPELLING", spelling));
                home.refused(None, &home.stub.url());
            }
        }
        for status in [301, 302, 303, 307, 308] {
            home.lead(status, "http://127.0.0.1:PORT/");
            home.refused(None, &home.stub.url());
            home.refused(None, &format!("{}/again", home.stub.url()));
        }
        // TLS does not make it another node.
        home.lead(302, "https://127.0.0.1:PORT/");
        home.refused(None, &home.stub.url());
        home.check_unvisited();
    }
}

/// What this would look like: there is no bot to be kept off.
#[test]
fn who_has_no_node_of_his_own_is_led_anywhere() {
    let home = Home::new("127.0.0.1");
    home.lead(302, "http://127.0.0.1:PORT/");
    let url = home.stub.url();
    let led = std::thread::spawn(move || {
        let short = Duration::from_millis(100);
        Http::through(None, &Guard::of_nobody()).get_within(&url, short)
    });
    assert!(led.join().unwrap().is_err());
    let visits = |node: &mut meshbot::sim::SimNode| (node.counters().accepts == 1).then_some(());
    assert!(home.node.wait_for(SOON, visits).is_some());
}

#[test]
fn an_address_in_the_configuration_that_is_the_own_node_is_not_asked() {
    let home = Home::new("radio.lan");
    for spelling in SPELLINGS {
        home.refused(None, &format!("http://{spelling}:PORT/v1"));
        home.refused(None, &format!("https://{spelling}:PORT"));
    }
    home.check_unvisited();
}

#[test]
fn a_proxy_that_is_the_own_node_is_not_connected_to() {
    let home = Home::new("127.0.0.1");
    for spelling in [
        "127.0.0.1",
        "radio.lan",
        "2130706433",
        "me:pw@two.lan",
        "[::ffff:7f00:1]",
    ] {
        for scheme in ["http", "https"] {
            let proxy = format!("{scheme}://{spelling}:{}", home.port());
            home.refused(Some(&proxy), "http://api.example/");
            home.refused(Some(&proxy), "https://api.example/");
        }
    }
    home.check_unvisited();
}

#[test]
fn a_proxy_is_not_told_to_connect_to_the_own_node() {
    let home = Home::new("radio.lan");
    let proxy = home.stub.url();
    for spelling in [
        "radio.lan",
        "alias.lan",
        "two.lan",
        "2130706433",
        "x@radio.lan",
    ] {
        home.refused(Some(&proxy), &format!("http://{spelling}:PORT/"));
    }
    // Who cannot be looked up here may be anybody there.
    home.refused(Some(&proxy), "http://unknown.example:PORT/");
    assert!(home.way.lock().unwrap().asked.is_empty());
    for location in [
        "http://radio.lan:PORT/",
        "//127.0.0.1:PORT/",
        "http://0x7f.1:PORT",
    ] {
        home.lead(302, location);
        home.refused(Some(&proxy), "http://api.example/");
        // Nobody looked the service's own name up: the proxy does.
        assert_eq!(
            home.way.lock().unwrap().asked,
            ["CONNECT api.example:80 HTTP/1.1"]
        );
    }
    home.check_unvisited();
}

#[test]
fn behind_another_port_is_something_else() {
    let home = Home::new("127.0.0.1");
    home.lead(200, "");
    // The service is on the node's machine, and so is its name.
    let port = home.stub.addr.port();
    for host in ["127.0.0.1", "alias.lan", "localhost"] {
        assert!(home.ask(None, &format!("http://{host}:{port}/")).is_ok());
    }
    home.check_unvisited();
}

#[test]
fn where_the_link_is_connected_to_is_the_own_node_whatever_its_name_says() {
    // The name has moved on since: it leads elsewhere by now.
    let home = Home::new("other.lan");
    let bot = Guard::new(
        Some(Endpoint {
            host: "other.lan".to_owned(),
            port: home.port(),
        }),
        names(),
    );
    bot.linked().set(home.node.addr());
    let home = Home { guard: bot, ..home };
    home.refused(None, "http://127.0.0.1:PORT/");
    home.refused(
        Some(&format!("http://127.1:{}", home.port())),
        "http://api.example/",
    );
    home.check_unvisited();
}

#[test]
fn a_node_whose_name_cannot_be_looked_up_could_be_anybody_behind_its_port() {
    let home = Home::new("unknown.lan");
    home.refused(None, "http://127.0.0.1:PORT/");
    home.lead(200, "");
    assert!(home.ask(None, &home.stub.url()).is_ok());
    home.check_unvisited();
}

fn number(value: u32, form: u8) -> String {
    match form {
        0 => format!("{value}"),
        1 => format!("0x{value:x}"),
        _ => format!("0{value:o}"),
    }
}

/// A way to write an address of this machine.
fn spelling() -> impl Strategy<Value = String> {
    let octets = (any::<[u8; 3]>(), any::<[u8; 4]>(), 1..=4usize);
    let numeric = octets.prop_map(|([b, c, d], forms, parts)| {
        let octets = [127, b, c, d];
        // The last part holds what is left.
        let mut text: Vec<String> = (0..parts - 1)
            .map(|at| number(octets[at].into(), forms[at] % 3))
            .collect();
        let rest = octets[parts - 1..].iter();
        let rest = rest.fold(0u32, |sum, octet| (sum << 8) | u32::from(*octet));
        text.push(number(rest, forms[3] % 3));
        text.join(".")
    });
    let mapped = any::<[u8; 3]>().prop_map(|[b, c, d]| {
        let low = u16::from_be_bytes([c, d]);
        format!("[::ffff:7f{b:02x}:{low:x}]")
    });
    let known = proptest::sample::select(SPELLINGS).prop_map(str::to_owned);
    prop_oneof![numeric, mapped, known]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a service answers, the node's side counts the link alone.
    #[test]
    fn whatever_a_service_answers_the_node_counts_one_connection(
        ways in proptest::collection::vec(
            (
                spelling(),
                proptest::sample::select(&[301u16, 302, 303, 307, 308][..]),
                proptest::sample::select(&["http://", "HTTP://", "//", "http://a@", "http://a:b@", "https://"][..]),
                "[/?#]?[ -~]{0,12}",
            ),
            1..8,
        ),
        nonsense in proptest::collection::vec("[ -~]{0,40}", 0..4),
    ) {
        let home = Home::new("127.0.0.1");
        for (spelling, status, scheme, path) in ways {
            home.lead(status, &format!("{scheme}{spelling}:PORT{path}"));
            prop_assert!(home.ask(None, &home.stub.url()).is_err());
        }
        for location in nonsense {
            home.lead(302, &location);
            let _ = home.ask(None, &home.stub.url());
        }
        home.check_unvisited();
    }
}
