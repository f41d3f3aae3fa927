//! What a client asks for: the first line of an HTTP/1.1 request, the rest of
//! its header read and ignored.

use std::io::{self, Read};

use percent_encoding::percent_decode_str;

use super::Service;

/// No honest header is longer, in bytes.
const HEADER_MAX: usize = 8 * 1024;

/// One request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    target: String,
}

impl Request {
    /// Reads until the blank line. `None` when it is no such request; nothing
    /// more is read then.
    pub fn read(stream: &mut impl Read) -> io::Result<Option<Self>> {
        let mut header = Vec::new();
        let mut piece = [0; 1024];
        while !header.windows(4).any(|end| end == b"\r\n\r\n") {
            let count = stream.read(&mut piece)?;
            header.extend_from_slice(&piece[..count]);
            let known = header.len().min(4);
            if count == 0 || header.len() > HEADER_MAX || header[..known] != b"GET "[..known] {
                return Ok(None);
            }
        }
        Ok(Self::parse(&header))
    }

    fn parse(header: &[u8]) -> Option<Self> {
        let line = header.split(|&b| b == b'\r').next()?;
        let line = std::str::from_utf8(line).ok()?;
        let target = line.strip_prefix("GET ")?.strip_suffix(" HTTP/1.1")?;
        let is_clean = target.bytes().all(|b| b.is_ascii_graphic());
        (is_clean && target.starts_with('/')).then(|| Self {
            target: target.to_owned(),
        })
    }

    /// Path and parameters as they came.
    pub fn target(&self) -> &str {
        &self.target
    }

    fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The path without its first `/`, decoded.
    pub fn place(&self) -> String {
        let path = self.path().trim_start_matches('/');
        percent_decode_str(path).decode_utf8_lossy().into_owned()
    }

    /// The value of a parameter, decoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        let value = query
            .split('&')
            .filter_map(|part| part.split_once('='))
            .find_map(|(key, value)| (key == name).then_some(value))?;
        let spaced = value.replace('+', " ");
        let value = percent_decode_str(&spaced).decode_utf8_lossy();
        Some(value.into_owned())
    }

    /// Whom it is for; `None` for nobody here.
    pub fn service(&self) -> Option<Service> {
        match self.path() {
            "/v1/forecast" => Some(Service::Forecast),
            "/v1/search" => Some(Service::Search),
            path if path.len() > 1 && !path[1..].contains('/') => {
                let format = self.parameter("format");
                (format.as_deref() == Some("j1")).then_some(Service::Wttr)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut bytes: &[u8]) -> Option<Request> {
        Request::read(&mut bytes).unwrap()
    }

    #[test]
    fn a_request_is_its_first_line() {
        let request =
            read(b"GET /~a%20b%2F?format=j1&x=1+%26 HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        assert_eq!(request.target(), "/~a%20b%2F?format=j1&x=1+%26");
        assert_eq!(request.place(), "~a b/");
        assert_eq!(request.parameter("x").as_deref(), Some("1 &"));
        assert_eq!(request.parameter("y"), None);
        assert_eq!(request.service(), Some(Service::Wttr));
        let service = |target: &str| {
            let target = target.to_owned();
            Request { target }.service()
        };
        assert_eq!(service("/v1/search?name=x"), Some(Service::Search));
        assert_eq!(service("/v1/forecast"), Some(Service::Forecast));
        for nobody in ["/", "/?format=j1", "/~x", "/a/b?format=j1", "/~x?format=3"] {
            assert_eq!(service(nobody), None, "{nobody}");
        }
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for bytes in [
            &b""[..],
            b"GET / HTTP/1.1\r\n",
            b"POST / HTTP/1.1\r\n\r\n",
            b"GET x HTTP/1.1\r\n\r\n",
            b"GET /\x01 HTTP/1.1\r\n\r\n",
            b"GET /\r\n\r\n",
            b"\x16\x03\x01\x02\x00 client hello",
        ] {
            assert_eq!(read(bytes), None, "{bytes:?}");
        }
        let endless = [b"GET /".to_vec(), vec![b'x'; 100_000]].concat();
        assert_eq!(read(&endless), None);
    }
}
