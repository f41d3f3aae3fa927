//! C5 and its like: name servers, services and proxies that never come to an end.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use meshbot::bot::all;
use meshbot::config::Config;
use meshbot::mesh::Sanity;
use meshbot::net::lookup::{HANGING, Resolver};
use meshbot::net::{Guard, lookup};
use meshbot::services::http::{Http, HttpError};
use meshbot::sim::{Said, Server, Settings};
use meshbot::{app, net};

use super::leads::{Stub, request};

const SOON: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(200);

/// A name server that never answers until it is let go, and counts who waits.
struct Mute {
    resolver: Resolver,
    most: Arc<AtomicUsize>,
    asked: Receiver<()>,
    release: Sender<()>,
}

fn mute() -> Mute {
    let (release, gate) = bounded::<()>(0);
    let (ask, asked) = bounded(1_000);
    let (waiting, most) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let highest = Arc::clone(&most);
    let resolver: Resolver = Arc::new(move |_, _| {
        let now = waiting.fetch_add(1, Ordering::AcqRel) + 1;
        highest.fetch_max(now, Ordering::AcqRel);
        let _ = ask.try_send(());
        let _ = gate.recv();
        waiting.fetch_sub(1, Ordering::AcqRel);
        Err("name look-up failed: released".to_owned())
    });
    Mute {
        resolver,
        most,
        asked,
        release,
    }
}

#[test]
fn look_ups_that_hang_do_not_pile_up_whoever_asks() {
    let mute = mute();
    let guard = Guard::new(None, Arc::clone(&mute.resolver));
    let http = Http::through(None, &guard);
    let began = Instant::now();
    let first: Vec<_> = (0..HANGING)
        .map(|n| {
            let http = http.clone();
            std::thread::spawn(move || http.get_within(&format!("http://h{n}.example/"), SHORT))
        })
        .collect();
    for _ in 0..HANGING {
        mute.asked.recv_timeout(SOON).unwrap();
    }
    // Everybody else is told at once, another node's asker as well.
    for n in 0..100 {
        let said = http.get_within(&format!("http://more{n}.example/"), SOON);
        let said = said.unwrap_err().to_string();
        assert!(said.contains("earlier name look-ups still hang"), "{said}");
    }
    let other = net::address::parse("hill.lan").unwrap();
    let said = guard.find(&other, Instant::now() + SOON);
    assert_eq!(
        said,
        Err(net::Refused::LookUp(
            "earlier name look-ups still hang".to_owned()
        ))
    );
    for asked in first {
        let said = asked.join().unwrap();
        assert!(matches!(said, Err(HttpError::Timeout(_))), "{said:?}");
    }
    assert!(began.elapsed() < SOON / 2, "{:?}", began.elapsed());
    assert_eq!(mute.most.load(Ordering::Acquire), HANGING);
    drop(mute.release);
}

/// Threads of this process that have this name.
fn threads_named(name: &str) -> usize {
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .filter(|comm| comm.trim_end() == name)
        .count()
}

#[test]
fn a_ping_does_not_wait_for_a_name_server_that_never_answers() {
    let mute = mute();
    let node = Server::local(Settings::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "[node]\nhost = \"127.0.0.1\"\nport = {}\n[store]\npath = '{}'\n\
         [weather]\nurl = \"http://weather.example\"\nfallback_url = \"http://other.example\"\n",
        node.addr().port(),
        folder.path().join("meshbot.db").display(),
    );
    let config = Config::parse(&text, "test.toml").unwrap();
    let running = app::start_resolving(
        &config,
        all::registry(),
        Sanity::of_build(),
        Arc::clone(&mute.resolver),
        Arc::new(|| {}),
    )
    .unwrap();
    node.wait_for(SOON, |node| {
        (node.counters().want_nodes_only > 0 && node.steady()).then_some(())
    })
    .expect("no link");
    node.with(|node, now| {
        for (person, place) in ["paris", "london", "sydney"].iter().enumerate() {
            let asker = node.people()[person].num;
            node.hear_text(now, Said::to_us(asker, &format!("/weather {place}")));
        }
    });
    // Both workers wait for the name server.
    for _ in 0..2 {
        mute.asked.recv_timeout(SOON).unwrap();
    }
    let asked = Instant::now();
    node.with(|node, now| {
        let alice = node.people()[4].num;
        node.hear_text(now, Said::on_channel(alice, 0, "/ping"));
    });
    let pong = node.wait_for(SOON, |node| {
        let mut sent = node.on_air().into_iter();
        sent.find_map(|sent| {
            sent.text()
                .filter(|text| text.contains("pong"))
                .map(str::to_owned)
        })
    });
    assert!(pong.is_some());
    let took = asked.elapsed();
    if std::env::var_os("MESHBOT_FIGURES").is_some() {
        let threads = threads_named("lookup");
        eprintln!("pong while every look-up hangs: {took:?}, {threads} look-up threads");
    }
    assert!(took < Duration::from_secs(1), "{took:?}");
    running.stop();
    assert!(mute.most.load(Ordering::Acquire) <= HANGING);
    drop(mute.release);
    node.with(|node, _| assert_eq!(node.counters().accepts, 1));
}

fn http() -> Http {
    Http::through(None, &Guard::new(None, lookup::system()))
}

/// What a service can do instead of answering, byte by byte if it wants to.
type Mischief = (&'static str, &'static [u8], &'static [u8]);

#[test]
fn no_service_holds_a_worker_longer_than_its_time() {
    let kinds: &[Mischief] = &[
        ("says nothing", b"", b""),
        (
            "a header without end",
            b"HTTP/1.1 200 OK\r\n",
            b"X-Filler: aaaaaaaaaaaaaaaaaaaa\r\n",
        ),
        ("a line without end", b"HTTP/1.1 200 OK\r\nX: ", b"a"),
        ("go on, go on", b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (
            "a body by drops",
            b"HTTP/1.1 200 OK\r\nContent-Length: 499999\r\n\r\n",
            b"x",
        ),
        (
            "a body without end",
            b"HTTP/1.1 200 OK\r\n\r\n",
            b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        ),
        (
            "chunks without end",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1\r\nx\r\n",
        ),
        (
            "a packed body",
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
            b"\x1f\x8b\x08\0\0\0\0\0",
        ),
        (
            "a way with a body without end",
            b"HTTP/1.1 302 Go\r\nLocation: /\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1\r\nx\r\n",
        ),
    ];
    for &(name, first, then) in kinds {
        for pause in [Duration::ZERO, Duration::from_millis(20)] {
            let stub = Stub::new(move |mut stream| {
                request(&mut stream);
                let _ = stream.write_all(first);
                let wait = stream.set_read_timeout(Some(pause.max(Duration::from_millis(1))));
                wait.unwrap();
                let mut byte = [0];
                // Until the other side has left.
                loop {
                    if stream.write_all(then).is_err() {
                        return;
                    }
                    if pause.is_zero() && !then.is_empty() {
                        continue;
                    }
                    match stream.read(&mut byte) {
                        Ok(0) => return,
                        // The rest of the question.
                        Ok(_) => {}
                        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                        Err(_) => return,
                    }
                }
            });
            let began = Instant::now();
            let said = http().get_within(&stub.url(), SHORT);
            let took = began.elapsed();
            assert!(said.is_err(), "{name}: {said:?}");
            assert!(took < SHORT * 10, "{name} {pause:?}: {took:?} {said:?}");
        }
    }
}

#[test]
fn a_service_that_hangs_in_tls_is_left() {
    let stub = Stub::new(|mut stream| {
        let mut bytes = [0; 1_024];
        while !matches!(stream.read(&mut bytes), Ok(0) | Err(_)) {}
    });
    let began = Instant::now();
    let said = http().get_within(&format!("https://{}", stub.addr), SHORT);
    assert!(matches!(said, Err(HttpError::Timeout(_))), "{said:?}");
    assert!(began.elapsed() < SHORT * 10, "{:?}", began.elapsed());
}

/// Each byte of a proxy's answer has a time limit of its own; all of them together
/// have one because of us.
#[test]
fn a_proxy_that_drips_is_left_as_well() {
    let stub = Stub::new(|mut stream| {
        request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX: ");
        let wait = stream.set_read_timeout(Some(Duration::from_millis(20)));
        wait.unwrap();
        let mut byte = [0];
        while stream.write_all(b"x").is_ok() {
            match stream.read(&mut byte) {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                _ => return,
            }
        }
    });
    let proxy = ureq::Proxy::new(&stub.url()).unwrap();
    let began = Instant::now();
    let http = Http::through(Some(proxy), &Guard::of_nobody());
    let said = http.get_within("http://api.example/", SHORT);
    let took = began.elapsed();
    assert!(said.is_err(), "{said:?}");
    assert!(took < SHORT * 10, "{took:?}");
}

#[test]
fn nothing_is_packed_kept_or_remembered_between_two_answers() {
    let (tell, told) = bounded(8);
    let stub = Stub::new(move |mut stream| {
        let mut heard = Vec::new();
        let mut byte = [0];
        while !heard.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
            heard.push(byte[0]);
        }
        let _ = tell.try_send(String::from_utf8_lossy(&heard).to_ascii_lowercase());
        let answer = "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nConnection: keep-alive\r\n\
                      Content-Length: 2\r\n\r\nok";
        let _ = stream.write_all(answer.as_bytes());
        // A second request over the same connection would be heard here.
        let again = stream.read(&mut byte);
        assert!(matches!(again, Ok(0) | Err(_)), "{again:?}");
    });
    let http = http();
    for _ in 0..2 {
        assert_eq!(http.get_within(&stub.url(), SOON).unwrap(), "ok");
        let heard = told.recv_timeout(SOON).unwrap();
        for word in ["cookie:", "gzip", "deflate", "br,"] {
            assert!(!heard.contains(word), "{heard}");
        }
    }
}
