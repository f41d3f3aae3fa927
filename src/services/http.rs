//! The one HTTP agent: every time has a limit, every answer a size, and no
//! user ever chooses a host.
//!
//! Blocks; only errands may call it.

use std::fmt;
use std::time::Duration;

use ureq::Agent;

/// From the call to the established connection.
const CONNECT: Duration = Duration::from_secs(5);
/// From the call to the last byte.
const TOTAL: Duration = Duration::from_secs(15);
/// No answer that a bot can use is longer, in bytes.
const BODY_MAX: u64 = 512 * 1024;
/// Redirections followed.
const REDIRECTS: u32 = 2;

/// Why a fetch failed.
#[derive(Debug)]
pub enum HttpError {
    /// The server answered with this status.
    Status(u16),
    /// One of the time limits; which one is in the text.
    Timeout(String),
    /// The answer is longer than anything useful.
    TooLarge,
    /// Name look-up, connection, TLS, protocol.
    Transport(String),
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "HTTP status {status}"),
            Self::Timeout(which) => write!(f, "timed out: {which}"),
            Self::TooLarge => write!(f, "answer longer than {BODY_MAX} bytes"),
            Self::Transport(error) => f.write_str(error),
        }
    }
}

impl std::error::Error for HttpError {}

/// The agent; cheap to clone.
#[derive(Clone, Debug)]
pub struct Http {
    agent: Agent,
}

impl Http {
    /// An agent with meshbot's limits.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limit(TOTAL)
    }

    /// The same with another limit for a whole fetch.
    #[must_use]
    pub fn with_limit(total: Duration) -> Self {
        let config = Agent::config_builder()
            .timeout_connect(Some(CONNECT.min(total)))
            .timeout_global(Some(total))
            .max_redirects(REDIRECTS)
            .user_agent(concat!("meshbot/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            agent: config.into(),
        }
    }

    /// The body of `url` as text.
    ///
    /// # Errors
    /// Any [`HttpError`].
    pub fn get(&self, url: &str) -> Result<String, HttpError> {
        let mut response = self.agent.get(url).call().map_err(HttpError::from)?;
        response
            .body_mut()
            .with_config()
            .limit(BODY_MAX)
            .lossy_utf8(true)
            .read_to_string()
            .map_err(HttpError::from)
    }
}

impl Default for Http {
    fn default() -> Self {
        Self::new()
    }
}

impl From<ureq::Error> for HttpError {
    fn from(error: ureq::Error) -> Self {
        match error {
            ureq::Error::StatusCode(status) => Self::Status(status),
            ureq::Error::Timeout(which) => Self::Timeout(which.to_string()),
            ureq::Error::BodyExceedsLimit(_) => Self::TooLarge,
            other => Self::Transport(other.to_string()),
        }
    }
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

    fn fetch(answer: Option<Vec<u8>>) -> Result<String, HttpError> {
        let (url, handle) = stub(answer);
        let result = Http::with_limit(Duration::from_millis(300)).get(&url);
        handle.join().unwrap();
        result
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
        assert!(matches!(fetch(Some(garbage)), Err(HttpError::Transport(_))));
    }
}
