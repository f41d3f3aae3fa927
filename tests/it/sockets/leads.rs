//! A service or a proxy that leads elsewhere, and worse.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// A port behind which each connection gets what `act` does with it.
pub struct Stub {
    pub addr: SocketAddr,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Stub {
    pub fn new(mut act: impl FnMut(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if ended.load(Ordering::Acquire) {
                    return;
                }
                act(stream);
            }
        });
        Self {
            addr,
            over,
            thread: Some(thread),
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        let _ = TcpStream::connect(self.addr);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The first line of a request; the rest of its header is read.
pub fn request(stream: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    let mut byte = [0];
    while !heard.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        heard.push(byte[0]);
    }
    let heard = String::from_utf8_lossy(&heard).into_owned();
    heard.lines().next().unwrap_or_default().to_owned()
}

/// Where a service leads, and what it was asked.
#[derive(Default)]
pub struct Way {
    pub status: u16,
    pub location: String,
    pub asked: Vec<String>,
}

/// Leads everybody to the same place; `/again` leads to itself first. As a proxy
/// it plays every service that it is asked for.
pub fn service() -> (Stub, Arc<Mutex<Way>>) {
    let way = Arc::new(Mutex::new(Way::default()));
    let shared = Arc::clone(&way);
    let stub = Stub::new(move |mut stream| {
        let mut line = request(&mut stream);
        shared.lock().unwrap().asked.push(line.clone());
        if line.starts_with("CONNECT ") {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            line = request(&mut stream);
        }
        let way = shared.lock().unwrap();
        let location = match line.contains(" /again") {
            true => "/",
            false => &way.location,
        };
        let answer = format!(
            "HTTP/1.1 {} Go\r\nLocation: {location}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            way.status
        );
        let _ = stream.write_all(answer.as_bytes());
    });
    (stub, way)
}
