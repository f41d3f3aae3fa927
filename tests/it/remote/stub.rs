//! Something behind a port that is no good node.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;

/// A port behind which `act` has the first connection, and nobody any other.
pub struct Stub {
    pub addr: SocketAddr,
    thread: JoinHandle<Vec<u8>>,
}

impl Stub {
    pub fn new(act: impl FnOnce(TcpStream) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let thread = std::thread::spawn(move || act(listener.accept().unwrap().0));
        Self { addr, thread }
    }

    /// What `act` returned.
    pub fn heard(self) -> Vec<u8> {
        self.thread.join().unwrap()
    }

    /// Listens to everything and says nothing.
    pub fn silent() -> Self {
        Self::new(|mut stream| listen(&mut stream))
    }

    /// Says `bytes`, then closes.
    pub fn says(bytes: Vec<u8>) -> Self {
        Self::new(move |mut stream| {
            // The question first: an end with unread bytes is a reset.
            let mut question = [0; 7];
            stream.read_exact(&mut question).unwrap();
            stream.write_all(&bytes).unwrap();
            question.to_vec()
        })
    }

    /// Says `bytes` again and again until nobody takes them any more.
    pub fn never_stops(bytes: Vec<u8>) -> Self {
        Self::new(move |mut stream| {
            while stream.write_all(&bytes).is_ok() {}
            Vec::new()
        })
    }
}

/// Everything that the other side says until it closes.
pub fn listen(stream: &mut TcpStream) -> Vec<u8> {
    let mut heard = Vec::new();
    let _ = stream.read_to_end(&mut heard);
    heard
}
