//! The guard in the HTTP agent: its look-ups are ours, and before each connect
//! (redirections and proxies included) the addresses pass [`Guard::check`].
//!
//! A proxy is guarded as the socket that it is, and for what it is told to
//! connect to.

use std::io::{Error as IoError, ErrorKind};
use std::time::{Duration, Instant};

use log::warn;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, NextTimeout, RustlsConnector,
    TcpConnector, Transport,
};
use ureq::{Agent, Error, ProxyProtocol, Timeout};

use super::address::{self, Endpoint};
use super::guard::{Guard, Refused};

/// More addresses of one name are not tried.
const ADDRESSES: usize = 8;
/// For a look-up, whatever else is allowed.
const LOOK_UP: Duration = Duration::from_secs(5);

/// From the connection to its last byte, whatever the other side does: a proxy
/// that lets its answer drip has a new limit with each byte otherwise.
pub const WHOLE: Duration = Duration::from_secs(15);

/// An agent that connects to anybody but the bot's own node.
#[must_use]
pub fn agent(config: Config, guard: &Guard) -> Agent {
    let connector =
        ().chain(Proxied(guard.clone()))
            .chain(ConnectProxyConnector::default())
            .chain(Direct(guard.clone()))
            .chain(TcpConnector::default())
            .chain(Whole)
            .chain(RustlsConnector::default());
    Agent::with_parts(config, connector, Names(guard.clone()))
}

/// Whom a URL is of. The port is the scheme's where it is not written down.
#[must_use]
pub fn endpoint(uri: &Uri) -> Option<Endpoint> {
    let port = match (uri.port_u16(), uri.scheme_str()) {
        (Some(port), _) => port,
        (None, Some("https")) => 443,
        (None, Some("http")) => 80,
        (None, Some("socks4" | "socks4a" | "socks" | "socks5" | "socks5h")) => 1_080,
        (None, _) => return None,
    };
    let host = uri.host()?;
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let host = match bare {
        Some(bare) => address::host(bare)?,
        None if host.is_empty() => return None,
        None => host.to_owned(),
    };
    Some(Endpoint { host, port })
}

fn until(timeout: NextTimeout) -> Instant {
    Instant::now() + LOOK_UP.min(*timeout.after)
}

fn target(uri: &Uri) -> Result<Endpoint, Error> {
    endpoint(uri).ok_or(Error::HostNotFound)
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Timeout => Self::Timeout(Timeout::Resolve),
            Refused::LookUp(why) => Self::Io(IoError::new(ErrorKind::NotFound, why)),
            refused @ (Refused::Own | Refused::OwnUnknown(_)) => Self::Other(Box::new(refused)),
        }
    }
}

/// Looks names up for the agent.
#[derive(Debug)]
struct Names(Guard);

impl Resolver for Names {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let found = self.0.look_up(&target(uri)?, until(timeout))?;
        // One of those left out may be the node: a name is refused as a whole.
        self.0.check(&found, until(timeout))?;
        let mut addresses = self.empty();
        for address in found.into_iter().take(ADDRESSES) {
            addresses.push(address);
        }
        Ok(addresses)
    }
}

/// Looks at what a proxy is about to be told.
#[derive(Debug)]
struct Proxied(Guard);

impl<In: Transport> Connector<In> for Proxied {
    type Out = In;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<In>, Error> {
        if let Some(proxy) = details.config.proxy()
            && !proxy.is_no_proxy(details.uri)
        {
            match proxy.protocol() {
                ProxyProtocol::Http | ProxyProtocol::Https => {
                    let (target, until) = (target(details.uri)?, until(details.timeout));
                    self.0.check_for_proxy(&target, until)?;
                }
                other => warn!("{other} proxies are not known here: connecting without one"),
            }
        }
        Ok(chained)
    }
}

/// Looks at the addresses that are connected to next.
#[derive(Debug)]
struct Direct(Guard);

impl<In: Transport> Connector<In> for Direct {
    type Out = In;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<In>, Error> {
        // With a way through a proxy nothing is opened any more.
        if chained.is_none() {
            self.0.check(&details.addrs, until(details.timeout))?;
        }
        Ok(chained)
    }
}

/// Puts an end to every connection.
#[derive(Debug)]
struct Whole;

impl<In: Transport> Connector<In> for Whole {
    type Out = Ending<In>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Ending<In>>, Error> {
        let limit = details.config.timeouts().global.unwrap_or(WHOLE);
        let end = Instant::now() + WHOLE.min(limit);
        Ok(chained.map(|inner| Ending { inner, end }))
    }
}

/// A connection that ends.
#[derive(Debug)]
struct Ending<In> {
    inner: In,
    end: Instant,
}

impl<In> Ending<In> {
    fn shorten(&self, timeout: NextTimeout) -> Result<NextTimeout, Error> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::Timeout(Timeout::Global));
        }
        Ok(NextTimeout {
            after: left.min(*timeout.after).into(),
            ..timeout
        })
    }
}

impl<In: Transport> Transport for Ending<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let timeout = self.shorten(timeout)?;
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let timeout = self.shorten(timeout)?;
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
