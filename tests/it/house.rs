//! The layering that ARCHITECTURE.md promises, checked by reading the source.

mod imports;

use imports::{Imports, circle};

use crate::support::sources::{files, root};

/// All Rust files below `folder`, without their test modules' bodies.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    files(&root().join(folder), "rs", &mut found);
    found
        .into_iter()
        .filter(|path| !path.ends_with("tests.rs") && !path.ends_with("testing.rs"))
        .filter(|path| !path.iter().any(|part| part == "tests"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let code: String = code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .map(|line| format!("{line}\n"))
                .collect();
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            (name, code)
        })
        .collect()
}

/// None of `words` occurs in the code below `folder`, except in `allowed`.
fn absent(folder: &str, words: &[&str], allowed: &[&str]) {
    let files = sources(folder);
    assert!(!files.is_empty(), "{folder} is empty");
    for (name, code) in files {
        if allowed.iter().any(|allowed| name.ends_with(allowed)) {
            continue;
        }
        for word in words {
            assert!(!code.contains(word), "{name} contains {word}");
        }
    }
}

const CLOCKS: &[&str] = &["Instant::now", "SystemTime"];
const SOCKETS: &[&str] = &["std::net", "TcpStream", "socket2", "UnixStream"];
const THREADS: &[&str] = &["std::thread", "crossbeam_channel", "thread::spawn"];

/// From the ground up: nobody imports from his own floor or one above.
const FLOORS: &[&[&str]] = &[
    &["proto", "bounds", "thread", "lang"],
    &["mesh"],
    &["history", "weather", "almanac", "net"],
    &["config"],
    &["link"],
    &["recording", "remote"],
    &[
        "bot", "services", "store", "sim", "logging", "signals", "systemd",
    ],
    &["check", "cli"],
    &["app"],
    &["ask", "db", "demo"],
];

#[test]
fn imports_run_downwards() {
    let floor = |name: &str| FLOORS.iter().position(|floor| floor.contains(&name));
    let edges = Imports::of(&sources("src")).neighbours(&[]);
    assert!(edges.len() > 15, "{edges:?}");
    for (above, imported) in &edges {
        let at = floor(above).unwrap_or_else(|| panic!("{above} stands on no floor"));
        for (below, shown) in imported {
            assert!(floor(below).is_some_and(|below| below < at), "{shown}");
        }
    }
}

#[test]
fn no_modules_import_each_other_in_a_circle() {
    let imports = Imports::of(&sources("src"));
    let folders = imports.folders();
    assert!(folders.len() > 30);
    for folder in folders {
        let edges = imports.neighbours(&folder);
        if let Some(circle) = circle(&edges) {
            let next = circle.iter().cycle().skip(1);
            let shown = circle.iter().zip(next);
            let shown: Vec<_> = shown.map(|(one, other)| &edges[one][other]).collect();
            panic!("{}: {circle:?}: {shown:#?}", folder.join("::"));
        }
    }
}

/// The folders of what the bot can do.
fn capabilities() -> Vec<String> {
    let machines = sources("src/bot").into_iter();
    let machines = machines.filter(|(_, code)| code.contains("impl Capability for "));
    machines
        .map(|(name, _)| name.split('/').nth(2).unwrap().to_owned())
        .collect()
}

#[test]
fn no_capability_imports_another_and_only_the_list_names_them() {
    let all = capabilities();
    assert!(all.len() >= 5, "{all:?}");
    let edges = Imports::of(&sources("src")).neighbours(&["bot".to_owned()]);
    for (who, imported) in edges {
        for one in &all {
            let is_allowed = who == "all" || !imported.contains_key(one);
            assert!(is_allowed, "{}", imported[one]);
        }
    }
    for (name, code) in sources("src/bot/dispatch") {
        for one in &all {
            assert!(!code.contains(&format!("bot::{one}")), "{name} names {one}");
        }
    }
}

#[test]
fn dispatch_is_short() {
    let (_, code) = &sources("src/bot/dispatch.rs")[0];
    assert!(code.lines().count() < 300);
}

#[test]
fn the_mesh_knows_no_clock_no_socket_no_thread() {
    for words in [CLOCKS, SOCKETS, THREADS] {
        absent("src/mesh", words, &[]);
    }
    for words in [CLOCKS, SOCKETS, THREADS] {
        absent("src/history", words, &[]);
        absent("src/bounds", words, &[]);
    }
}

#[test]
fn weather_and_sky_are_pure() {
    for folder in ["src/weather", "src/almanac"] {
        for words in [CLOCKS, SOCKETS, THREADS] {
            absent(folder, words, &[]);
        }
    }
    absent("src/almanac", &["crate::weather", "crate::lang"], &[]);
    absent("src/services", &["crate::bot", "crate::link"], &[]);
}

#[test]
fn frame_and_session_know_no_clock_no_socket_no_thread() {
    for words in [CLOCKS, SOCKETS, THREADS] {
        absent("src/link/session", words, &[]);
        absent("src/link/frame.rs", words, &[]);
        absent("src/link/backoff.rs", words, &[]);
    }
    for file in ["core.rs", "message.rs", "outbox.rs"] {
        absent(&format!("src/link/{file}"), CLOCKS, &[]);
        absent(
            &format!("src/link/{file}"),
            &["TcpStream", "UnixStream"],
            &[],
        );
    }
    absent("src/link", &["crate::bot", "crate::sim", "crate::app"], &[]);
}

/// `link::io` to the bot's own node, `net::guard` to anything else, and nobody
/// else to anything: neither by a socket nor by a library that has one.
#[test]
fn two_files_have_sockets() {
    let words = &[
        "TcpStream",
        "UdpSocket",
        "socket2",
        "Socket::",
        "ToSocketAddrs",
        "to_socket_addrs",
        "unversioned",
        "with_parts",
        "new_agent",
        "ureq::get",
        "ureq::agent",
        "ureq::post",
        "new_with_defaults",
        "Agent::new",
    ];
    // Those that play nodes and services, for tests and the demonstration, come
    // last.
    let allowed = &[
        "link/io.rs",
        "net/guard.rs",
        "net/lookup.rs",
        "net/web.rs",
        "sim/server.rs",
        "sim/server/sockets.rs",
        "sim/tape/server.rs",
        "sim/web/mod.rs",
    ];
    absent("src", words, allowed);
    let sockets = &["TcpStream", "UdpSocket", "socket2", "Socket::new"];
    for name in ["lookup.rs", "web.rs"] {
        absent(&format!("src/net/{name}"), sockets, &[]);
    }
    for name in ["src/link/io.rs", "src/net/guard.rs"] {
        let (_, code) = &sources(name)[0];
        assert_eq!(code.matches("Socket::new(").count(), 1, "{name}");
        assert!(!code.contains("TcpStream::connect"), "{name}");
    }
}

/// The bot calls; nobody can call it over the network.
#[test]
fn nothing_listens_on_the_network() {
    // The box that plays nodes and services, for tests and the demonstration.
    let sim = &[
        "sim/server.rs",
        "sim/server/rounds.rs",
        "sim/server/sockets.rs",
        "sim/tape/server.rs",
        "sim/web/mod.rs",
    ];
    absent("src", &["TcpListener"], sim);
    // A bound port tells whether an address is this machine's; nothing is read.
    absent("src", &["UdpSocket"], &["net/guard.rs"]);
    absent("src", &["recv_from("], &[]);
    for folder in ["bot", "link", "net", "remote", "services", "store"] {
        absent(&format!("src/{folder}"), &[".listen("], &[]);
    }
}

#[test]
fn the_talk_with_others_knows_no_clock_no_socket_no_thread() {
    for file in ["talk.rs", "mod.rs"] {
        for words in [CLOCKS, SOCKETS, THREADS] {
            absent(&format!("src/remote/{file}"), words, &[]);
        }
    }
    for words in [CLOCKS, THREADS, &["TcpStream", "UdpSocket", "socket2"]] {
        absent("src/net/address.rs", words, &[]);
    }
    let above = [
        "crate::bot",
        "crate::config",
        "crate::link::io",
        "crate::app",
    ];
    absent("src/remote", &above, &[]);
}

#[test]
fn the_guard_sees_nobody_whom_it_guards() {
    let above = [
        "crate::link",
        "crate::remote",
        "crate::services",
        "crate::bot",
        "crate::config",
        "crate::app",
    ];
    absent("src/net", &above, &[]);
}

#[test]
fn the_bot_does_not_see_the_io_thread() {
    let above = ["link::io", "remote::call", "crate::sim", "crate::app"];
    absent("src/bot", &above, &[]);
    for words in [CLOCKS, SOCKETS] {
        absent("src/bot", words, &[]);
    }
    absent("src/bot", &["std::thread"], &["bot/jobs.rs"]);
}

#[test]
fn the_bot_does_not_see_the_store() {
    absent("src/bot", &["crate::store", "rusqlite"], &[]);
    absent("src/mesh", &["crate::store", "rusqlite"], &[]);
    absent("src/store", &["crate::link::io", "crate::app"], &[]);
    for words in [CLOCKS, SOCKETS] {
        absent("src/store", words, &[]);
    }
    absent("src/store", &["std::thread::spawn", "thread::Builder"], &[]);
}

#[test]
fn commands_see_neither_the_link_nor_the_network() {
    for folder in ["talk", "say"] {
        let outside = &["crate::link", "crate::services", "crate::store", "std::fs"];
        absent(&format!("src/bot/{folder}"), outside, &[]);
    }
    // What became of a text is told in the link's words; no more than that.
    for folder in capabilities() {
        let outside = &["Outbox", "link::core", "crate::services", "std::fs"];
        absent(&format!("src/bot/{folder}"), outside, &[]);
    }
}

#[test]
fn nothing_sleeps_and_nothing_is_left_undone() {
    absent(
        "src",
        &["thread::sleep", "todo!(", "unimplemented!(", "dbg!("],
        &[],
    );
}

#[test]
fn no_queue_without_a_bound() {
    absent("src", &["unbounded("], &["src/thread.rs"]);
    // The simulated node is shared with its tests; the bot shares nothing.
    for folder in ["src/link", "src/bot", "src/mesh", "src/app.rs", "src/store"] {
        absent(folder, &["Mutex", "RwLock"], &[]);
    }
}

#[test]
fn no_async_runtime() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    for name in ["tokio", "async-std", "smol", "futures-executor", "async-io"] {
        assert!(!lock.contains(&format!("name = \"{name}\"\n")), "{name}");
    }
}
