//! The one HTTP agent: every time has a limit, every answer a size, and no
//! user ever chooses a host.
//!
//! - What begins over TLS stays there: a redirection to plain HTTP is refused.
//! - The roots of trust are compiled in, so a board with an old or empty
//!   certificate store works.
//! - A proxy named in the environment (`ALL_PROXY`, `HTTPS_PROXY`,
//!   `HTTP_PROXY`, with exceptions in `NO_PROXY`) is used, but never for this
//!   machine itself.
//! - None of this ever connects to the bot's own node: [`web`].
//! - Connections are not kept: the next call is hours away or to another host.
//!
//! Blocks; only errands may call it.

use std::fmt;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::time::Duration;

use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Proxy};

use super::lenient;
use crate::net::{Guard, web};
use crate::weather::Failure;

/// For the look-up of a name, each time.
const LOOK_UP: Duration = Duration::from_secs(5);
/// From the looked-up address to the established connection, TLS included.
const CONNECT: Duration = Duration::from_secs(5);
/// From the sent request to the end of the answer's header.
const HEADER: Duration = Duration::from_secs(8);
/// From the end of the header to the last byte.
const BODY: Duration = Duration::from_secs(8);
/// From the call to the last byte, redirections included.
const TOTAL: Duration = web::WHOLE;
/// No answer that a bot can use is longer, in bytes.
const BODY_MAX: u64 = 256 * 1024;
/// What a server says instead of an answer is not longer, in bytes.
const WHY_MAX: u64 = 2 * 1024;
/// No honest header is longer, in bytes.
const HEADER_MAX: usize = 16 * 1024;
/// Redirections followed.
const REDIRECTS: u32 = 2;

/// Why a fetch failed. No variant repeats the URL, which may hold what
/// somebody asked.
#[derive(Debug)]
pub enum HttpError {
    /// The server answered with this status.
    Status(u16),
    /// The same, and says why.
    Told(u16, String),
    /// One of the time limits; which one is in the text.
    Timeout(String),
    /// The answer is longer than anything useful.
    TooLarge,
    /// Name look-up, connection, TLS.
    Transport(String),
    /// Something answered, but not as HTTP demands; or it broke off.
    Protocol(String),
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) | Self::Told(status, _) => write!(f, "HTTP status {status}"),
            Self::Timeout(which) => write!(f, "timed out: {which}"),
            Self::TooLarge => write!(f, "answer longer than {BODY_MAX} bytes"),
            Self::Transport(error) | Self::Protocol(error) => f.write_str(error),
        }
    }
}

impl std::error::Error for HttpError {}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Status(status) => Self::Status(status),
            HttpError::Told(status, body) => {
                lenient::refusal(status, &body).unwrap_or(Self::Status(status))
            }
            HttpError::Timeout(_) => Self::Timeout,
            HttpError::Transport(why) => Self::Unreachable(why),
            HttpError::TooLarge | HttpError::Protocol(_) => Self::Nonsense(error.to_string()),
        }
    }
}

/// The agent; cheap to clone.
#[derive(Clone, Debug)]
pub struct Http {
    agent: Agent,
}

impl Http {
    /// An agent with meshbot's limits, through the proxy of the environment.
    #[must_use]
    pub fn new(guard: &Guard) -> Self {
        Self::through(Proxy::try_from_env(), guard)
    }

    /// The same through this proxy.
    #[must_use]
    pub fn through(proxy: Option<Proxy>, guard: &Guard) -> Self {
        // Those of the Mozilla project, from the crate webpki-roots.
        Self::trusting(RootCerts::WebPki, proxy, guard)
    }

    fn trusting(roots: RootCerts, proxy: Option<Proxy>, guard: &Guard) -> Self {
        let tls = TlsConfig::builder().root_certs(roots).build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .proxy(proxy)
            .max_redirects(REDIRECTS)
            .max_response_header_size(HEADER_MAX)
            .input_buffer_size(2 * HEADER_MAX)
            .output_buffer_size(HEADER_MAX)
            .max_idle_connections(0)
            .user_agent(concat!("meshbot/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            agent: web::agent(config, guard),
        }
    }

    /// The body of `url` as text, or an error after at most 15 s.
    ///
    /// # Errors
    /// Any [`HttpError`].
    pub fn get(&self, url: &str) -> Result<String, HttpError> {
        self.get_within(url, TOTAL)
    }

    /// The body of `url` as text, or an error after at most `limit`. Bytes that
    /// are no UTF-8 become replacement marks.
    ///
    /// # Errors
    /// Any [`HttpError`]; [`HttpError::Transport`] as well when `url` is none
    /// with `http` or `https`.
    pub fn get_within(&self, url: &str, limit: Duration) -> Result<String, HttpError> {
        let no_url = || HttpError::Transport("not an HTTP address".to_owned());
        let uri: Uri = url.parse().map_err(|_| no_url())?;
        let is_secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(no_url()),
        };
        let is_here = is_loopback(uri.host().ok_or_else(no_url)?);
        let mut request = self
            .agent
            .get(uri)
            .config()
            .https_only(is_secure)
            .http_status_as_error(false)
            .timeout_resolve(Some(LOOK_UP.min(limit)))
            .timeout_connect(Some(CONNECT.min(limit)))
            .timeout_recv_response(Some(HEADER.min(limit)))
            .timeout_recv_body(Some(BODY.min(limit)))
            .timeout_global(Some(limit));
        if is_here {
            request = request.proxy(None);
        }
        let mut response = request.build().call().map_err(HttpError::from)?;
        let status = response.status().as_u16();
        let body = response.body_mut().with_config();
        if !(200..300).contains(&status) {
            // Why not, if it says so; that it says nothing is no other failure.
            let why = body.limit(WHY_MAX).read_to_vec().unwrap_or_default();
            return Err(match String::from_utf8(why) {
                Ok(why) if why.starts_with('{') => HttpError::Told(status, why),
                _ => HttpError::Status(status),
            });
        }
        let bytes = body.limit(BODY_MAX).read_to_vec();
        let text = bytes.map(|bytes| match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        });
        text.map_err(|error| match HttpError::from(error) {
            // It did answer; what followed was not the whole.
            HttpError::Transport(why) => HttpError::Protocol(format!("cut off: {why}")),
            other => other,
        })
    }
}

impl From<ureq::Error> for HttpError {
    fn from(error: ureq::Error) -> Self {
        use ureq::Error as E;
        match error {
            E::StatusCode(status) => Self::Status(status),
            E::Timeout(which) => Self::Timeout(which.to_string()),
            E::Io(error) if error.kind() == ErrorKind::TimedOut => {
                Self::Timeout("network".to_owned())
            }
            E::BodyExceedsLimit(_) => Self::TooLarge,
            // Their own texts repeat the address.
            E::BadUri(_) => Self::Protocol("redirected to what is no address".to_owned()),
            E::RequireHttpsOnly(_) => Self::Protocol("redirected to plain HTTP".to_owned()),
            E::Protocol(_)
            | E::Http(_)
            | E::LargeResponseHeader(..)
            | E::RedirectFailed
            | E::TooManyRedirects
            | E::BodyStalled => Self::Protocol(error.to_string()),
            E::Io(error) => Self::Transport(error.to_string()),
            // Said by the guard, without the address.
            E::Other(why) => Self::Transport(why.to_string()),
            other => Self::Transport(other.to_string()),
        }
    }
}

/// Whether a URL's host is this machine.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    /// Serves one request with raw bytes; `None` never answers.
    fn stub(answer: Option<Vec<u8>>) -> (String, std::thread::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let handle = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request);
            if let Some(answer) = answer {
                let _ = stream.write_all(&answer);
            } else {
                // Until the client gives up.
                while !matches!(stream.read(&mut request), Ok(0) | Err(_)) {}
            }
        });
        (url, handle)
    }

    fn http() -> Http {
        Http::through(None, &Guard::of_nobody())
    }

    fn fetch(answer: Option<Vec<u8>>) -> Result<String, HttpError> {
        let (url, handle) = stub(answer);
        let result = http().get_within(&url, Duration::from_millis(300));
        handle.join().unwrap();
        result
    }

    #[test]
    fn a_byte_that_is_no_text_spoils_nothing_else() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\na\xffb\xc3\xa9".to_vec();
        assert_eq!(fetch(Some(answer)).unwrap(), "a\u{fffd}bé");
    }

    #[test]
    fn a_body_is_text() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec();
        assert_eq!(fetch(Some(answer)).unwrap(), "ok");
    }

    #[test]
    fn every_failure_has_its_name() {
        let status = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n".to_vec();
        assert!(matches!(fetch(Some(status)), Err(HttpError::Status(500))));
        assert!(matches!(fetch(None), Err(HttpError::Timeout(_))));
        let mut huge = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        huge.resize(600 * 1024, b'x');
        assert!(matches!(fetch(Some(huge)), Err(HttpError::TooLarge)));
        let garbage = b"garbage\r\n\r\n".to_vec();
        assert!(matches!(fetch(Some(garbage)), Err(HttpError::Protocol(_))));
    }

    #[test]
    fn a_body_that_breaks_off_is_none() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".to_vec();
        assert!(matches!(fetch(Some(answer)), Err(HttpError::Protocol(_))));
        let nothing = fetch(Some(Vec::new()));
        assert!(
            matches!(nothing, Err(HttpError::Transport(_))),
            "{nothing:?}"
        );
    }

    #[test]
    fn redirections_end_and_leave_no_trace_of_the_question() {
        let hop = b"HTTP/1.1 302 Go\r\nLocation: ftp://x/?secret\r\nContent-Length: 0\r\n\r\n";
        let error = fetch(Some(hop.to_vec())).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
        // The loop comes back to a port that serves only once.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let there = url.clone();
        let server = std::thread::spawn(move || {
            for _ in 0..3 {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 1024]);
                let hop = format!(
                    "HTTP/1.1 302 Go\r\nLocation: {there}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
                );
                stream.write_all(hop.as_bytes()).unwrap();
            }
        });
        let looped = http().get(&url).unwrap_err();
        assert!(matches!(looped, HttpError::Protocol(_)), "{looped:?}");
        server.join().unwrap();
    }

    #[test]
    fn tls_is_demanded_where_the_address_says_so() {
        let (url, handle) = stub(Some(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()));
        let result = http().get(&url.replace("http:", "https:"));
        assert!(matches!(result, Err(HttpError::Transport(_))), "{result:?}");
        handle.join().unwrap();
    }

    /// The certificate and the key of a service on this machine; nobody else trusts it.
    const CERTIFICATE: &[u8] = include_bytes!("fixtures/loopback.cert.der");
    const KEY: &[u8] = include_bytes!("fixtures/loopback.key.der");

    /// The same as [`stub`], over TLS.
    fn secure_stub(answer: String) -> (String, std::thread::JoinHandle<()>) {
        use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap());
        let provider = rustls::crypto::ring::default_provider();
        let config = rustls::ServerConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(CERTIFICATE)],
                PrivatePkcs8KeyDer::from(KEY).into(),
            )
            .unwrap();
        let handle = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let session = rustls::ServerConnection::new(config.into()).unwrap();
            let mut stream = rustls::StreamOwned::new(session, stream);
            // A client that does not trust it ends here.
            if stream.read(&mut [0; 1024]).is_ok() {
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        (url, handle)
    }

    #[test]
    fn what_begins_over_tls_is_not_led_to_plain_http() {
        let certificate = ureq::tls::Certificate::from_der(CERTIFICATE).to_owned();
        let roots = RootCerts::new_with_certs(&[certificate]);
        let trusting = Http::trusting(roots, None, &Guard::of_nobody());
        let good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_owned();
        let (url, handle) = secure_stub(good.clone());
        assert_eq!(trusting.get(&url).unwrap(), "ok");
        handle.join().unwrap();
        // Where the plain one would answer, if anybody asked.
        let plain = TcpListener::bind("127.0.0.1:0").unwrap();
        plain.set_nonblocking(true).unwrap();
        let there = plain.local_addr().unwrap();
        let hop = format!(
            "HTTP/1.1 302 Go\r\nLocation: http://{there}/?secret\r\nContent-Length: 0\r\n\r\n"
        );
        let (url, handle) = secure_stub(hop);
        let error = trusting
            .get_within(&url, Duration::from_secs(2))
            .unwrap_err();
        handle.join().unwrap();
        assert_eq!(error.to_string(), "redirected to plain HTTP");
        assert!(plain.accept().is_err(), "it was asked");
        // Whoever is not trusted is not asked at all.
        let (url, handle) = secure_stub(good);
        let error = http().get(&url).unwrap_err();
        handle.join().unwrap();
        assert!(matches!(error, HttpError::Transport(_)), "{error:?}");
    }

    #[test]
    fn what_is_no_http_address_is_not_fetched() {
        for url in [
            "",
            "/x",
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
            "http://",
            "a b",
        ] {
            let result = http().get(url);
            assert!(
                matches!(result, Err(HttpError::Transport(_))),
                "{url} {result:?}"
            );
        }
        // Too long for a label: no resolver asks the network for it.
        let nowhere = format!("https://{}.invalid/", "x".repeat(64));
        let result = http().get(&nowhere);
        assert!(matches!(result, Err(HttpError::Transport(_))), "{result:?}");
    }

    #[test]
    fn a_proxy_is_never_asked_for_this_machine() {
        let dead = ureq::Proxy::new("http://127.0.0.1:1").unwrap();
        let http = Http::through(Some(dead), &Guard::of_nobody());
        let (url, handle) = stub(Some(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec(),
        ));
        assert_eq!(http.get(&url).unwrap(), "ok");
        handle.join().unwrap();
        let elsewhere = http.get("http://192.0.2.1/");
        assert!(
            matches!(elsewhere, Err(HttpError::Transport(_))),
            "{elsewhere:?}"
        );
        for host in ["localhost", "LocalHost", "127.9.9.9", "[::1]", "::1"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["192.0.2.1", "localhost.example", "[::2]", "127.example"] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn failures_are_told_apart() {
        let failure = |error: HttpError| Failure::from(error);
        assert_eq!(failure(HttpError::Status(429)), Failure::Status(429));
        assert_eq!(
            failure(HttpError::Timeout("global".to_owned())),
            Failure::Timeout
        );
        assert_eq!(
            failure(HttpError::Transport("refused".to_owned())),
            Failure::Unreachable("refused".to_owned())
        );
        assert!(matches!(failure(HttpError::TooLarge), Failure::Nonsense(_)));
    }
}
