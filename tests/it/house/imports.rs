//! Who imports whom, read from the source: names that a module gives on from
//! another lead to that other one.

use std::collections::{BTreeMap, BTreeSet};

/// A module by its path below the crate, such as `["bot", "weather"]`.
pub type Module = Vec<String>;

/// The modules of the crate and what each of them names.
pub struct Imports {
    /// Full paths that a module names, in `use` or in the code.
    named: BTreeMap<Module, Vec<Module>>,
    /// What a module gives on under a name of its own.
    given: BTreeMap<Module, BTreeMap<String, Module>>,
}

impl Imports {
    /// Reads files by name, such as `src/bot/mod.rs`, without their tests.
    pub fn of(sources: &[(String, String)]) -> Self {
        let modules: BTreeMap<Module, &str> = sources
            .iter()
            .filter(|(name, _)| name != "src/main.rs")
            .map(|(name, code)| (module(name), code.as_str()))
            .collect();
        let mut it = Self {
            named: BTreeMap::new(),
            given: BTreeMap::new(),
        };
        for (of, code) in &modules {
            let (mut named, mut given) = (Vec::new(), BTreeMap::new());
            let mut rest = String::new();
            for statement in code.split_inclusive(';') {
                let (before, tree) = match statement.rfind("use ") {
                    Some(at) if is_use(statement, at) => statement.split_at(at),
                    _ => (statement, ""),
                };
                rest.push_str(before);
                for path in tree_paths(tree.trim_start_matches("use ").trim_end_matches(';')) {
                    let (path, alias) = path.split_once(" as ").unwrap_or((&path, ""));
                    if let Some(full) = full(of, path, &modules) {
                        let name = full.last().cloned().unwrap_or_default();
                        let name = if alias.is_empty() { name } else { alias.into() };
                        given.insert(name, full.clone());
                        named.push(full);
                    }
                }
            }
            named.extend(inline(&rest).filter_map(|path| full(of, path, &modules)));
            it.named.insert(of.clone(), named);
            it.given.insert(of.clone(), given);
        }
        it
    }

    /// Which neighbours below `folder` import which: each by its name, with a file
    /// that shows it.
    pub fn neighbours(&self, folder: &[String]) -> BTreeMap<String, BTreeMap<String, String>> {
        let mut edges: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for (of, named) in &self.named {
            if of.len() <= folder.len() || !of.starts_with(folder) {
                continue;
            }
            for path in named {
                let to = self.home(path, 0);
                if to.len() > folder.len() && to.starts_with(folder) {
                    let (one, other) = (&of[folder.len()], &to[folder.len()]);
                    if one != other {
                        let shown = format!("{} names {}", of.join("::"), path.join("::"));
                        let edge = edges.entry(one.clone()).or_default();
                        edge.entry(other.clone()).or_insert(shown);
                    }
                }
            }
        }
        edges
    }

    /// Every module that has others below it.
    pub fn folders(&self) -> BTreeSet<Module> {
        let parents = self.named.keys().filter_map(|it| it.split_last());
        parents.map(|(_, parent)| parent.to_vec()).collect()
    }

    /// The module in which what this path names is at home.
    fn home(&self, path: &[String], depth: usize) -> Module {
        let known = (0..=path.len()).rev();
        let Some(end) = known
            .into_iter()
            .find(|&end| self.named.contains_key(&path[..end]))
        else {
            return Vec::new();
        };
        let given = path
            .get(end)
            .and_then(|name| self.given[&path[..end]].get(name));
        match given {
            Some(given) if depth < 8 && given != path => self.home(given, depth + 1),
            _ => path[..end].to_vec(),
        }
    }
}

/// A way round in which each imports the next, if there is one.
pub fn circle(edges: &BTreeMap<String, BTreeMap<String, String>>) -> Option<Vec<String>> {
    fn walk(
        at: &String,
        edges: &BTreeMap<String, BTreeMap<String, String>>,
        way: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> Option<Vec<String>> {
        if let Some(begin) = way.iter().position(|it| it == at) {
            return Some(way[begin..].to_vec());
        }
        if !done.insert(at.clone()) {
            return None;
        }
        way.push(at.clone());
        let next = edges.get(at).into_iter().flat_map(BTreeMap::keys);
        let found = next
            .into_iter()
            .find_map(|next| walk(next, edges, way, done));
        way.pop();
        found
    }
    let mut done = BTreeSet::new();
    edges
        .keys()
        .find_map(|at| walk(at, edges, &mut Vec::new(), &mut done))
}

/// `src/bot/weather/mod.rs` is `bot::weather`.
fn module(name: &str) -> Module {
    let name = name.trim_start_matches("src/").trim_end_matches(".rs");
    let mut parts: Module = name.split('/').map(str::to_owned).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib")) {
        parts.pop();
    }
    parts
}

fn is_use(statement: &str, at: usize) -> bool {
    let before = statement[..at].chars().next_back();
    before.is_none_or(char::is_whitespace) && statement[at..].contains("::")
}

/// `a::{b, c::{self, d}}` is `a::b`, `a::c`, `a::c::d`.
fn tree_paths(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((before, inner)) = tree.split_once('{') else {
        let path = tree.strip_suffix("::self").unwrap_or(tree);
        return if path.is_empty() {
            vec![]
        } else {
            vec![path.to_owned()]
        };
    };
    let inner = inner.trim_end().strip_suffix('}').unwrap_or(inner);
    let (mut depth, mut begin, mut pieces) = (0, 0, Vec::new());
    for (at, sign) in inner.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                pieces.push(&inner[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(&inner[begin..]);
    let pieces = pieces
        .iter()
        .map(|it| it.trim())
        .filter(|it| !it.is_empty());
    pieces
        .flat_map(|piece| tree_paths(&format!("{before}{piece}")))
        .collect()
}

/// Paths in the code that begin at the crate, here or above.
fn inline(code: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let words = code.split(move |c| !is_part(c));
    words.filter(|word| {
        let first = word.split("::").next();
        word.contains("::") && matches!(first, Some("crate" | "super" | "self"))
    })
}

/// The path from the crate on; none when it leads to another crate.
fn full(of: &Module, path: &str, modules: &BTreeMap<Module, &str>) -> Option<Module> {
    let mut parts: Vec<&str> = path.trim().split("::").map(str::trim).collect();
    let mut base = of.clone();
    match parts[0] {
        "crate" => {
            base.clear();
            parts.remove(0);
        }
        "super" | "self" => {
            while matches!(parts.first(), Some(&("super" | "self"))) {
                if parts.remove(0) == "super" {
                    base.pop();
                }
            }
        }
        child => {
            let mut below = of.clone();
            below.push(child.to_owned());
            modules.contains_key(&below).then_some(())?;
        }
    }
    base.extend(parts.into_iter().map(str::to_owned));
    Some(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(files: &[(&str, &str)]) -> Imports {
        let files = files.iter();
        let files: Vec<_> = files
            .map(|(name, code)| ((*name).to_owned(), (*code).to_owned()))
            .collect();
        Imports::of(&files)
    }

    /// Three that import each other round a corner: by a name that is given on, by a
    /// path in the code, by the folder above.
    #[test]
    fn a_circle_is_found_round_every_corner() {
        let files = [
            ("src/lib.rs", "pub mod bot;"),
            (
                "src/bot/mod.rs",
                "pub mod a;\npub mod b;\npub mod c;\npub use c::Gift;\n",
            ),
            ("src/bot/a.rs", "use super::{b::{self, Thing}};\n"),
            ("src/bot/b.rs", "fn f() { let _ = crate::bot::Gift; }"),
            ("src/bot/c/mod.rs", "mod d;\n"),
            (
                "src/bot/c/d.rs",
                "use std::time::Duration;\nuse super::super::a as other;\n",
            ),
        ];
        let all = imports(&files);
        let bot = ["bot".to_owned()];
        let found = circle(&all.neighbours(&bot)).unwrap();
        assert_eq!(found, ["a", "b", "c"]);
        let without_last = imports(&files[..5]);
        assert_eq!(circle(&without_last.neighbours(&bot)), None);
    }
}
