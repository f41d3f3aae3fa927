//! One-off questions to other nodes (seed.md S9): never to the bot's own under
//! any spelling, one connection closed politely, an end in bounded time
//! whatever the other side does.

mod calls;
mod orders;
mod program;
mod recorded;
mod stub;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use meshbot::link::Endpoint;
use meshbot::net::lookup::Resolver;
use meshbot::remote::{Limits, address};
use meshbot::sim::{Handle, Server, Settings};

/// Nothing here takes longer on a sane machine.
const SOON: Duration = Duration::from_secs(20);

/// So short that a test that has to run into one is over at once.
const SHORT: Duration = Duration::from_millis(60);

/// Limits of which none is reached by something that works.
fn patient() -> Limits {
    Limits {
        look_up: SOON,
        connect: SOON,
        silence: SOON,
        goodbye: SOON,
        whole: SOON * 2,
    }
}

fn endpoint(text: &str) -> Endpoint {
    address::parse(text).unwrap_or_else(|| panic!("{text}"))
}

fn at(address: SocketAddr) -> Endpoint {
    endpoint(&address.to_string())
}

fn node() -> Handle {
    Server::local(Settings::default()).unwrap()
}

/// Knows these names, whatever port they are asked with, however they are
/// spelled; nobody else.
fn names(known: &[(&str, &[&str])]) -> Resolver {
    let known: Vec<(String, Vec<String>)> = known
        .iter()
        .map(|(name, ips)| {
            let ips = ips.iter().map(|ip| (*ip).to_owned()).collect();
            ((*name).to_owned(), ips)
        })
        .collect();
    Arc::new(move |name, port| {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let (_, ips) = known
            .iter()
            .find(|(known, _)| *known == name)
            .ok_or("name look-up failed: nobody of that name")?;
        Ok(ips
            .iter()
            .map(|ip| SocketAddr::new(ip.parse().unwrap(), port))
            .collect())
    })
}
