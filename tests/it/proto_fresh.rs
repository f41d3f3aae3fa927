//! `src/proto.rs` is what `proto/meshbot.proto` generates, neither older nor edited by hand.

use std::path::Path;

const HEADER: &str = "\
//! Generated from `proto/meshbot.proto` by `make proto`. Do not edit.\n\
#![allow(missing_docs, clippy::all, clippy::pedantic, clippy::cast_possible_wrap)]\n\
#![cfg_attr(rustfmt, rustfmt_skip)]\n\n";

fn generate() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let descriptors = protox::compile([root.join("proto/meshbot.proto")], [root.join("proto")])
        .expect("meshbot.proto compiles");
    let out = tempfile::tempdir().expect("a temporary folder");
    prost_build::Config::new()
        .out_dir(out.path())
        .compile_fds(descriptors)
        .expect("code is generated");
    let body = std::fs::read_to_string(out.path().join("meshbot.rs")).expect("generated code");
    format!("{HEADER}{body}")
}

/// With `UPDATE_PROTO=1` this writes the file instead (that is `make proto`).
#[test]
fn generated_code_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/proto.rs");
    let fresh = generate();
    if std::env::var_os("UPDATE_PROTO").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    assert!(
        committed == fresh,
        "src/proto.rs is not what proto/meshbot.proto generates: run `make proto`"
    );
}
