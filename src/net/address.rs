//! How a node is written down, and what means the same one.
//!
//! Two addresses are the same node when they share a canonical address *and*
//! the port: behind another port of the same board may be another node (a
//! serial bridge, a second `meshtasticd`). If it is not, its number tells.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Where a node listens unless it is told otherwise.
pub const PORT: u16 = 4403;

/// One node, or anything else behind a host and a port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoint {
    /// Name or address.
    pub host: String,
    /// TCP port, 4403 unless changed.
    pub port: u16,
}

impl Endpoint {
    /// The address, when no look-up is needed.
    #[must_use]
    pub fn literal(&self) -> Option<SocketAddr> {
        let bare = self
            .host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(&self.host);
        let ip: IpAddr = bare.parse().ok()?;
        Some(SocketAddr::new(ip, self.port))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') && !self.host.starts_with('[') {
            return write!(f, "[{}]:{}", self.host, self.port);
        }
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Reads `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`. An IPv6 address needs
/// its brackets, so that its end is not taken for a port.
#[must_use]
pub fn parse(text: &str) -> Option<Endpoint> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, after) = rest.split_once(']')?;
            if !address.contains(':') {
                return None;
            }
            let port = match after {
                "" => None,
                after => Some(after.strip_prefix(':')?),
            };
            (address, port)
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = match port {
        None => PORT,
        Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => {
            port.parse().ok().filter(|port| *port > 0)?
        }
        Some(_) => return None,
    };
    let host = self::host(host)?;
    Some(Endpoint { host, port })
}

/// Reads a host: a name, an IPv4 address, an IPv6 address with or without
/// brackets. Without the brackets afterwards.
#[must_use]
pub fn host(text: &str) -> Option<String> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if bare.is_some() || text.contains(':') {
        let address = bare.unwrap_or(text);
        return is_ipv6(address).then(|| address.to_owned());
    }
    let numeric = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let good = if numeric {
        text.parse::<Ipv4Addr>().is_ok()
    } else {
        is_name(text)
    };
    good.then(|| text.to_owned())
}

/// A link-local address needs the name of its interface: `fe80::1%eth0`.
fn is_ipv6(text: &str) -> bool {
    let (address, zone) = text.split_once('%').unwrap_or((text, "lo"));
    let zone_good = (1..=15).contains(&zone.len()) && zone.bytes().all(|b| b.is_ascii_graphic());
    zone_good && address.parse::<Ipv6Addr>().is_ok()
}

/// Whether this can be the name of a host.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let label_good = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let text = text.strip_suffix('.').unwrap_or(text);
    text.len() <= 253 && text.split('.').all(label_good)
}

/// Whether two are the same as far as their spelling tells, before anything is
/// looked up.
#[must_use]
pub fn spells_the_same(a: &Endpoint, b: &Endpoint) -> bool {
    a.port == b.port
        && match (spelt(&a.host), spelt(&b.host)) {
            (Some(a), Some(b)) => a == b,
            (None, None) => plain(&a.host) == plain(&b.host),
            _ => false,
        }
}

/// A name without what makes no difference.
fn plain(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

/// The canonical address that stands in the text itself.
fn spelt(host: &str) -> Option<IpAddr> {
    let name = plain(host);
    // No resolver may send these elsewhere (RFC 6761, 6.3).
    if name == "localhost" || name.ends_with(".localhost") {
        return Some(Ipv4Addr::LOCALHOST.into());
    }
    let address = name.split_once('%').map_or(name.as_str(), |(ip, _)| ip);
    address.parse().ok().map(canonical)
}

/// Whether one of the addresses of a node is one of our own node's. `is_here`
/// says whether an address, with port 0, is one of this machine.
pub fn is_own(
    own: &[SocketAddr],
    other: &[SocketAddr],
    is_here: impl Fn(SocketAddr) -> bool,
) -> bool {
    let here = |address: SocketAddr| {
        let mut plain = address;
        plain.set_ip(canonical(address.ip()));
        plain.set_port(0);
        plain.ip().is_loopback() || is_here(plain)
    };
    own.iter().any(|&own| {
        other.iter().any(|&other| {
            own.port() == other.port()
                && (canonical(own.ip()) == canonical(other.ip()) || (here(own) && here(other)))
        })
    })
}

/// One address for all spellings of the same: IPv4 where IPv6 only wraps it,
/// 127.0.0.1 for everything that stays on this machine.
fn canonical(ip: IpAddr) -> IpAddr {
    let ip = match ip {
        IpAddr::V6(v6) => unwrapped(v6).map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    };
    // Linux connects to itself when it is asked to connect to nowhere.
    if ip.is_loopback() || ip.is_unspecified() {
        return Ipv4Addr::LOCALHOST.into();
    }
    ip
}

/// The IPv4 address in an IPv6 one: mapped (`::ffff:a.b.c.d`), compatible
/// (`::a.b.c.d`), or behind the well-known translator (`64:ff9b::a.b.c.d`,
/// RFC 6052).
fn unwrapped(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., c, d] = ip.segments();
    let [a, b] = c.to_be_bytes();
    let [c, d] = d.to_be_bytes();
    match ip.segments() {
        _ if ip.is_loopback() || ip.is_unspecified() => None,
        [0, 0, 0, 0, 0, 0xffff | 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => {
            Some(Ipv4Addr::new(a, b, c, d))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> Endpoint {
        parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn hosts_with_and_without_a_port() {
        for (text, host, port) in [
            ("hill", "hill", 4403),
            ("Hill.local.:1", "Hill.local.", 1),
            ("192.168.1.50", "192.168.1.50", 4403),
            ("192.168.1.50:65535", "192.168.1.50", 65_535),
            ("[::1]", "::1", 4403),
            ("[fe80::1%eth0]:4404", "fe80::1%eth0", 4404),
        ] {
            let read = endpoint(text);
            assert_eq!((read.host.as_str(), read.port), (host, port), "{text}");
        }
        for text in [
            "",
            ":4403",
            "hill:",
            "hill:0",
            "hill:65536",
            "hill:+1",
            "hill:x",
            "hill 1",
            "::1",
            "fe80::1:4403",
            "[hill]",
            "[1.2.3.4]",
            "[::1",
            "[::1]4403",
            "[::1]:",
            "127.1",
            "1.2.3.4.5",
            "http://hill",
            "hill/x",
            "hill\u{1b}[2J",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn names_are_as_long_as_the_name_system_allows() {
        let label = |length| "x".repeat(length);
        assert!(is_name(&label(63)) && !is_name(&label(64)));
        let long = |last| [label(63), label(63), label(63), label(last)].join(".");
        assert!(is_name(&long(61)) && !is_name(&long(62)));
        assert_eq!(long(61).len(), 253);
        let zone = |length| host(&format!("fe80::1%{}", "e".repeat(length))).is_some();
        assert!(zone(1) && zone(15));
        assert!(!zone(0) && !zone(16));
    }

    #[test]
    fn spellings_of_the_same() {
        for group in [
            &["hill.local", "HILL.local", "hill.local."][..],
            &["192.168.1.38", "[::ffff:192.168.1.38]", "[::FFFF:c0a8:126]"],
            &[
                "192.168.1.38",
                "[64:ff9b::192.168.1.38]",
                "[::192.168.1.38]",
            ],
            &["[fe80::1%eth0]", "[fe80:0:0::1%wlan0]"],
            &[
                "localhost",
                "LocalHost.",
                "node.localhost",
                "127.0.0.1",
                "127.9.9.9",
                "0.0.0.0",
                "[::1]",
                "[::]",
                "[::ffff:127.0.0.1]",
                "[::ffff:0.0.0.0]",
            ],
        ] {
            for (a, b) in group.iter().flat_map(|a| group.iter().map(move |b| (a, b))) {
                assert!(spells_the_same(&endpoint(a), &endpoint(b)), "{a} {b}");
            }
        }
    }

    #[test]
    fn different_ones_stay_different() {
        for (a, b) in [
            ("hill", "hill.local"),
            ("192.168.1.38", "192.168.1.39"),
            ("192.168.1.38", "192.168.1.38:4404"),
            ("[fe80::1]", "[fe80::2]"),
            ("[2001:db8::c0a8:126]", "192.168.1.38"),
            ("hill", "192.168.1.38"),
        ] {
            assert!(!spells_the_same(&endpoint(a), &endpoint(b)), "{a} {b}");
        }
    }

    #[test]
    fn one_common_address_is_enough() {
        let addresses = |list: &[&str]| -> Vec<SocketAddr> {
            list.iter().map(|text| text.parse().unwrap()).collect()
        };
        let own = addresses(&["[fd00::38]:4403", "192.168.1.38:4403"]);
        let nowhere = |_: SocketAddr| false;
        for (other, same) in [
            (&["192.168.1.38:4403"][..], true),
            (&["10.0.0.1:4403", "[::ffff:192.168.1.38]:4403"], true),
            (&["[fd00:0::38]:4403"], true),
            (&["192.168.1.38:4404"], false),
            (&["10.0.0.1:4403"], false),
            (&[], false),
        ] {
            assert_eq!(is_own(&own, &addresses(other), nowhere), same, "{other:?}");
        }
    }

    #[test]
    fn an_address_of_this_machine_is_what_loopback_is() {
        let here_are = ["192.168.1.5:0", "[fe80::5%2]:0"].map(|text| text.parse().unwrap());
        let here = |address: SocketAddr| here_are.contains(&address);
        let at = |text: &str| -> Vec<SocketAddr> { vec![text.parse().unwrap()] };
        for (a, b, same) in [
            ("127.0.0.1:4403", "192.168.1.5:4403", true),
            ("192.168.1.5:4403", "[::1]:4403", true),
            ("192.168.1.5:4403", "0.0.0.0:4403", true),
            ("127.0.0.1:4403", "[::ffff:192.168.1.5]:4403", true),
            ("127.0.0.1:4403", "[fe80::5%2]:4403", true),
            ("127.0.0.1:4403", "[fe80::5%3]:4403", false),
            ("127.0.0.1:4403", "192.168.1.6:4403", false),
            ("127.0.0.1:4403", "192.168.1.5:4404", false),
        ] {
            assert_eq!(is_own(&at(a), &at(b), here), same, "{a} {b}");
        }
    }
}
