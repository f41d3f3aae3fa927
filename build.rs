//! Makes the sentences of the language files part of the program, and tells it when
//! it was built: a clock that shows less is not set.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs, process};

#[path = "src/lang/file.rs"]
mod file;
#[path = "src/lang/generate.rs"]
mod generate;
// The program chooses among the forms, the build script only asks which there are.
#[allow(dead_code)]
#[path = "src/lang/plural.rs"]
mod plural;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=Cargo.toml");
    println!("cargo::rerun-if-changed=src/lang");
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    if let Err(why) = write_languages() {
        println!("cargo::error={why}");
        process::exit(1);
    }
    let built = env::var("SOURCE_DATE_EPOCH")
        .ok()
        .and_then(|text| text.parse::<u64>().ok())
        .unwrap_or_else(|| {
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs())
        });
    println!("cargo::rustc-env=MESHBOT_BUILT={built}");
    // The list of places that the loader has to fill in takes 170 kB of memory
    // otherwise. It needs a loader of 2022 (glibc 2.36).
    let target = |what: &str| env::var(format!("CARGO_CFG_TARGET_{what}"));
    if target("OS").as_deref() == Ok("linux") && target("ENV").as_deref() == Ok("gnu") {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// `src/lang/*.toml` become `Lang` and `Text`.
fn write_languages() -> Result<(), String> {
    let folder = Path::new("src/lang");
    let told = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(told)? {
        let path = entry.map_err(told)?.path();
        let Some(code) = path
            .file_name()
            .and_then(|name| name.to_str()?.strip_suffix(".toml"))
        else {
            continue;
        };
        let text = fs::read_to_string(&path).map_err(|error| format!("{code}.toml: {error}"))?;
        files.push((code.to_owned(), text));
    }
    let source = generate::generate(&files).map_err(|why| format!("src/lang/{why}"))?;
    let out = env::var("OUT_DIR").map_err(|error| error.to_string())?;
    fs::write(Path::new(&out).join("lang.rs"), source).map_err(|error| error.to_string())
}
