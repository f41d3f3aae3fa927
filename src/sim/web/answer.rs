//! An HTTP answer, and what can be wrong with it.

use std::net::SocketAddr;

use serde_json::{Map, Value, json};

use super::{Fault, Service};

/// More than any client should read, bytes.
const HUGE: usize = 768 * 1024;

/// Status and body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    status: u16,
    kind: &'static str,
    body: Vec<u8>,
    /// Bytes announced that never come.
    missing: usize,
    /// Where the client shall go instead.
    location: Option<SocketAddr>,
}

impl Answer {
    /// JSON.
    pub fn json(body: &Value) -> Self {
        Self::of("application/json; charset=utf-8", body.to_string())
    }

    /// JSON that says what was wrong with the request.
    pub fn error(reason: &str) -> Self {
        Self {
            status: 400,
            ..Self::json(&json!({ "error": true, "reason": reason }))
        }
    }

    /// A page that says nothing but a status.
    pub fn status(status: u16) -> Self {
        let page = format!("<html><body><h1>{status}</h1></body></html>");
        Self {
            status,
            ..Self::of("text/html", page)
        }
    }

    /// Plain text with a status.
    pub fn text(status: u16, text: &str) -> Self {
        Self {
            status,
            ..Self::of("text/plain; charset=utf-8", text.to_owned())
        }
    }

    fn of(kind: &'static str, body: String) -> Self {
        Self {
            status: 200,
            kind,
            body: body.into_bytes(),
            missing: 0,
            location: None,
        }
    }

    /// As it goes over the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let location = self
            .location
            .map(|to| format!("Location: http://{to}/\r\n"))
            .unwrap_or_default();
        let mut bytes = format!(
            "HTTP/1.1 {} {}\r\n{location}Content-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.status,
            if self.status == 200 { "OK" } else { "Not OK" },
            self.kind,
            self.body.len() + self.missing,
        )
        .into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// What is answered instead of `right`.
pub fn spoilt(fault: Fault, service: Option<Service>, right: Answer) -> Answer {
    let body = |body: &[u8]| Answer {
        body: body.to_vec(),
        ..right.clone()
    };
    match fault {
        Fault::Hang | Fault::Slow => right,
        Fault::Status(status) => Answer::status(status),
        Fault::Told(status, reason) => Answer {
            status,
            ..Answer::error(reason)
        },
        Fault::NoRain => changed(&right, &|values| {
            for (key, value) in values.iter_mut() {
                if let (true, Value::Array(list)) = (key.starts_with("precipitation"), value) {
                    list.fill(Value::Null);
                }
            }
        }),
        Fault::Abroad => changed(&right, &|values| {
            if values.contains_key("country") {
                values.insert("country".to_owned(), json!([{ "value": "Philippines" }]));
                values.insert("region".to_owned(), json!([{ "value": "Quezon" }]));
            }
        }),
        Fault::Redirect(to) => Answer {
            location: Some(to),
            ..Answer::status(302)
        },
        Fault::Empty => body(b""),
        Fault::Huge => body(&vec![b' '; HUGE]),
        Fault::Html => Answer {
            status: 200,
            ..Answer::status(502)
        },
        Fault::Garbage => body(b"{\"results\":[{\"name\":\"\xff\xfe\",]]}"),
        Fault::CutOff => {
            let half = right.body.len() / 2;
            Answer {
                missing: right.body.len() - half,
                ..body(&right.body[..half])
            }
        }
        Fault::WrongTypes => match serde_json::from_slice(&right.body) {
            Ok(mut value) => {
                mistype(&mut value);
                body(value.to_string().as_bytes())
            }
            Err(_) => right,
        },
        Fault::NoSuchPlace => match service {
            Some(Service::Search) => Answer::json(&json!({ "generationtime_ms": 0.2 })),
            Some(Service::Wttr) => Answer::text(404, "Unknown location; please try ~48.85,2.35"),
            _ => Answer::error("No data is available for this location"),
        },
    }
}

/// The same answer with something done to every object in it.
fn changed(right: &Answer, change: &dyn Fn(&mut Map<String, Value>)) -> Answer {
    fn walk(value: &mut Value, change: &dyn Fn(&mut Map<String, Value>)) {
        match value {
            Value::Array(values) => values.iter_mut().for_each(|value| walk(value, change)),
            Value::Object(values) => {
                change(values);
                values.values_mut().for_each(|value| walk(value, change));
            }
            _ => {}
        }
    }
    let Ok(mut value) = serde_json::from_slice(&right.body) else {
        return right.clone();
    };
    walk(&mut value, change);
    Answer {
        body: value.to_string().into_bytes(),
        ..right.clone()
    }
}

/// Numbers become texts, every seventh entry of a list of them a hole, and
/// what nobody should rely on is gone.
fn mistype(value: &mut Value) {
    match value {
        Value::Number(number) => *value = json!(number.to_string()),
        Value::Array(values) => {
            for (at, value) in values.iter_mut().enumerate() {
                if at % 7 == 3 && !value.is_object() {
                    *value = Value::Null;
                }
                mistype(value);
            }
        }
        Value::Object(values) => {
            for key in ["timezone", "current", "elevation", "observation_time"] {
                values.remove(key);
            }
            values.values_mut().for_each(mistype);
        }
        _ => {}
    }
}
