//! Weaves all mutants of `cargo mutants --list --json` into one copy of the
//! sources, each behind a switch that the environment variable MUTANT turns:
//! `a < b` becomes `(if on(17) { a <= b } else { a < b })`. Adds some of its own:
//! statements deleted, conditions fixed, constants changed.
//!
//! weave LIST.json SOURCE_ROOT TARGET_ROOT DROPPED.txt OUT.json
//!
//! DROPPED.txt names those that are left out, a line each. OUT.json lists what
//! was woven, with the bytes of the written files that belong to each mutant,
//! so that what does not compile can be found and left out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::ops::Range;
use std::path::Path;

use serde_json::{Value, json};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// A place with its alternatives.
struct Host {
    range: Range<usize>,
    /// Number and text of each alternative.
    alternatives: Vec<(usize, String)>,
}

/// Text put in at a place.
struct Insert {
    at: usize,
    id: usize,
    text: String,
}

struct Mutant {
    name: String,
    genre: String,
    replacement: String,
    start: usize,
    end: usize,
    woven: bool,
}

struct Weaver<'a> {
    source: &'a str,
    mutants: BTreeMap<usize, Mutant>,
    by_start: HashMap<usize, Vec<usize>>,
    hosts: Vec<Host>,
    inserts: Vec<Insert>,
    on: &'static str,
    next: usize,
    functions: Vec<(String, Range<usize>)>,
    in_fn: usize,
    file: String,
    dropped: &'a BTreeSet<String>,
    lines: Vec<usize>,
    consts: &'a HashMap<String, String>,
    /// Wholly textual ids of constants.
    const_ids: HashMap<String, [usize; 2]>,
}

fn has_let(expr: &syn::Expr) -> bool {
    match expr {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(b) => has_let(&b.left) || has_let(&b.right),
        syn::Expr::Paren(p) => has_let(&p.expr),
        _ => false,
    }
}

fn is_test(attrs: &[syn::Attribute]) -> bool {
    attrs.iter().any(|a| {
        a.path().is_ident("test") || (a.path().is_ident("cfg") && quote(a).contains("test"))
    })
}

fn quote(a: &syn::Attribute) -> String {
    match &a.meta {
        syn::Meta::List(l) => l.tokens.to_string(),
        _ => String::new(),
    }
}

impl Weaver<'_> {
    fn host(&mut self, range: Range<usize>, id: usize, text: String) {
        if let Some(host) = self.hosts.iter_mut().find(|h| h.range == range) {
            host.alternatives.push((id, text));
        } else {
            self.hosts.push(Host {
                range,
                alternatives: vec![(id, text)],
            });
        }
    }

    /// cargo-mutants' own mutants of this genre that begin at `at`.
    fn listed(&self, at: usize, genre: &str) -> Vec<usize> {
        self.by_start
            .get(&at)
            .into_iter()
            .flatten()
            .copied()
            .filter(|id| self.mutants[id].genre == genre && !self.mutants[id].woven)
            .collect()
    }

    fn replaced(&mut self, host: Range<usize>, id: usize) {
        let m = &self.mutants[&id];
        let text = format!(
            "{}{}{}",
            &self.source[host.start..m.start],
            m.replacement,
            &self.source[m.end..host.end]
        );
        self.mutants.get_mut(&id).unwrap().woven = true;
        self.host(host, id, text);
    }

    fn line_of(&self, at: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|&s| s <= at);
        (line, at - self.lines[line - 1] + 1)
    }

    /// One of our own.
    fn own(&mut self, at: usize, genre: &str, what: &str) -> Option<usize> {
        let (line, col) = self.line_of(at);
        let function = self.functions.last().map_or("?", |f| f.0.as_str());
        let name = format!("{}:{line}:{col}: {what} in {function}", self.file);
        if self.dropped.contains(&name) {
            return None;
        }
        let id = self.next;
        self.next += 1;
        self.mutants.insert(
            id,
            Mutant {
                name,
                genre: genre.into(),
                replacement: String::new(),
                start: at,
                end: at,
                woven: true,
            },
        );
        Some(id)
    }

    fn enter(&mut self, name: String, block: &syn::Block) {
        self.functions.push((name, block.span().byte_range()));
        if let (Some(first), Some(last)) = (block.stmts.first(), block.stmts.last()) {
            let range = first.span().byte_range().start..last.span().byte_range().end;
            let open = block.brace_token.span.open().byte_range().end;
            for id in self.listed(range.start, "FnValue") {
                let m = self.mutants.get_mut(&id).unwrap();
                m.woven = true;
                let value = if m.replacement == "()" {
                    String::new()
                } else {
                    m.replacement.clone()
                };
                let text = format!(" if {}({id}) {{ return {value}; }} ", self.on);
                self.inserts.push(Insert { at: open, id, text });
            }
        }
        self.in_fn += 1;
        visit::visit_block(self, block);
        self.in_fn -= 1;
        self.functions.pop();
    }

    fn condition(&mut self, cond: &syn::Expr) {
        if self.in_fn == 0 || has_let(cond) {
            return;
        }
        let range = cond.span().byte_range();
        for value in ["true", "false"] {
            if let Some(id) = self.own(
                range.start,
                "Condition",
                &format!("replace condition with {value}"),
            ) {
                self.host(range.clone(), id, value.to_owned());
            }
        }
    }
}

impl<'ast> Visit<'ast> for Weaver<'_> {
    fn visit_item_mod(&mut self, i: &'ast syn::ItemMod) {
        if !is_test(&i.attrs) {
            visit::visit_item_mod(self, i);
        }
    }
    fn visit_item_fn(&mut self, i: &'ast syn::ItemFn) {
        if !is_test(&i.attrs) && i.sig.constness.is_none() {
            self.enter(i.sig.ident.to_string(), &i.block);
        }
    }
    fn visit_item_impl(&mut self, i: &'ast syn::ItemImpl) {
        if !is_test(&i.attrs) {
            visit::visit_item_impl(self, i);
        }
    }
    fn visit_impl_item_fn(&mut self, i: &'ast syn::ImplItemFn) {
        if !is_test(&i.attrs) && i.sig.constness.is_none() {
            self.enter(i.sig.ident.to_string(), &i.block);
        }
    }
    fn visit_trait_item_fn(&mut self, i: &'ast syn::TraitItemFn) {
        if let Some(block) = &i.default {
            self.enter(i.sig.ident.to_string(), block);
        }
    }
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_pat(&mut self, _: &'ast syn::Pat) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}
    fn visit_expr_repeat(&mut self, e: &'ast syn::ExprRepeat) {
        self.visit_expr(&e.expr);
    }

    fn visit_expr_binary(&mut self, e: &'ast syn::ExprBinary) {
        let op = e.op.span().byte_range();
        if !has_let(&e.left) && !has_let(&e.right) {
            for id in self.listed(op.start, "BinaryOperator") {
                self.replaced(e.span().byte_range(), id);
            }
        }
        visit::visit_expr_binary(self, e);
    }
    fn visit_expr_unary(&mut self, e: &'ast syn::ExprUnary) {
        let op = e.op.span().byte_range();
        for id in self.listed(op.start, "UnaryOperator") {
            self.replaced(e.span().byte_range(), id);
        }
        visit::visit_expr_unary(self, e);
    }
    fn visit_expr_struct(&mut self, e: &'ast syn::ExprStruct) {
        for field in &e.fields {
            for id in self.listed(field.span().byte_range().start, "StructField") {
                let m = self.mutants.get_mut(&id).unwrap();
                // The comma goes with it.
                let bytes = self.source.as_bytes();
                m.end = field.span().byte_range().end;
                while m.end < bytes.len() && bytes[m.end].is_ascii_whitespace() {
                    m.end += 1;
                }
                if bytes.get(m.end) == Some(&b',') {
                    m.end += 1;
                }
                self.replaced(e.span().byte_range(), id);
            }
        }
        visit::visit_expr_struct(self, e);
    }
    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        let deletions = self.listed(arm.span().byte_range().start, "MatchArm");
        match &arm.guard {
            None => {
                for id in deletions {
                    let text = format!(" if !{}({id})", self.on);
                    self.mutants.get_mut(&id).unwrap().woven = true;
                    let at = arm.pat.span().byte_range().end;
                    self.inserts.push(Insert { at, id, text });
                }
            }
            Some((_, guard)) if !has_let(guard) => {
                let range = guard.span().byte_range();
                for id in deletions {
                    self.mutants.get_mut(&id).unwrap().woven = true;
                    self.host(range.clone(), id, "false".into());
                }
                for id in self.listed(range.start, "MatchArmGuard") {
                    let text = self.mutants[&id].replacement.clone();
                    self.mutants.get_mut(&id).unwrap().woven = true;
                    self.host(range.clone(), id, text);
                }
            }
            Some(_) => {}
        }
        visit::visit_arm(self, arm);
    }
    fn visit_expr_if(&mut self, e: &'ast syn::ExprIf) {
        self.condition(&e.cond);
        visit::visit_expr_if(self, e);
    }
    fn visit_stmt(&mut self, s: &'ast syn::Stmt) {
        if self.in_fn > 0 {
            let range = s.span().byte_range();
            let what = match s {
                syn::Stmt::Expr(
                    syn::Expr::MethodCall(_)
                    | syn::Expr::Call(_)
                    | syn::Expr::Assign(_)
                    | syn::Expr::Binary(_),
                    Some(_),
                ) => Some("delete statement"),
                syn::Stmt::Macro(m) if m.semi_token.is_some() => {
                    let name = m.mac.path.segments.last().unwrap().ident.to_string();
                    match name.as_str() {
                        "error" | "warn" | "info" => Some("delete log line"),
                        _ => None,
                    }
                }
                _ => None,
            };
            if let Some(what) = what {
                let id = self.own(range.start, "Statement", what);
                if let Some(id) = id {
                    // An insert before and one behind.
                    self.inserts.push(Insert {
                        at: range.start,
                        id,
                        text: format!("if !{}({id}) {{ ", self.on),
                    });
                    self.inserts.push(Insert {
                        at: range.end,
                        id,
                        text: " }".into(),
                    });
                }
            }
        }
        visit::visit_stmt(self, s);
    }
    fn visit_expr_path(&mut self, e: &'ast syn::ExprPath) {
        if self.in_fn == 0 || e.path.segments.len() != 1 {
            return;
        }
        let name = e.path.segments[0].ident.to_string();
        let Some(ty) = self.consts.get(&name) else {
            return;
        };
        let ids = if let Some(ids) = self.const_ids.get(&name) {
            *ids
        } else {
            let range = e.span().byte_range();
            let more = self
                .own(range.start, "Constant", &format!("more of {name}"))
                .unwrap_or(0);
            let less = self
                .own(range.start, "Constant", &format!("less of {name}"))
                .unwrap_or(0);
            self.const_ids.insert(name.clone(), [more, less]);
            [more, less]
        };
        let (more, less) = if ty == "Duration" {
            ("* 2", "/ 2")
        } else {
            ("+ 1", "- 1")
        };
        for (id, how) in [(ids[0], more), (ids[1], less)] {
            if id != 0 {
                self.host(e.span().byte_range(), id, format!("({name} {how})"));
            }
        }
    }
}

struct Out<'a> {
    source: &'a str,
    hosts: &'a [Host],
    inserts: &'a [Insert],
    on: &'a str,
    text: String,
    ranges: BTreeMap<usize, Vec<[usize; 2]>>,
}

impl Out<'_> {
    /// Writes `range`, of which the hosts from `next` on may be part.
    fn render(&mut self, range: Range<usize>, next: &mut usize, ins: &mut usize) {
        let mut at = range.start;
        loop {
            let host = self.hosts.get(*next).filter(|h| {
                h.range.start < range.end
                    || h.range.start == range.start && h.range.end <= range.end
            });
            let insert = self.inserts.get(*ins).filter(|i| i.at <= range.end);
            let host_at = host.map_or(usize::MAX, |h| h.range.start);
            // Inserts that stand at the end of this range belong outside,
            // unless nothing else comes.
            if let Some(insert) = insert
                && insert.at <= host_at
                && insert.at < range.end
                && insert.at >= at
            {
                self.text.push_str(&self.source[at..insert.at]);
                at = insert.at;
                let from = self.text.len();
                self.text.push_str(&insert.text);
                self.ranges
                    .entry(insert.id)
                    .or_default()
                    .push([from, self.text.len()]);
                *ins += 1;
                continue;
            }
            let Some(host) = host else { break };
            self.text.push_str(&self.source[at..host.range.start]);
            *next += 1;
            self.text.push('(');
            for (id, text) in &host.alternatives {
                let from = self.text.len();
                self.text
                    .push_str(&format!("if {}({id}) {{ {text} }} else ", self.on));
                self.ranges
                    .entry(*id)
                    .or_default()
                    .push([from, self.text.len()]);
            }
            self.text.push_str("{ ");
            self.render(host.range.clone(), next, ins);
            self.text.push_str(" })");
            at = host.range.end;
        }
        self.text.push_str(&self.source[at..range.end]);
    }
}

struct Consts(HashMap<String, String>);

impl<'ast> Visit<'ast> for Consts {
    fn visit_item_mod(&mut self, i: &'ast syn::ItemMod) {
        if !is_test(&i.attrs) {
            visit::visit_item_mod(self, i);
        }
    }
    fn visit_item_const(&mut self, i: &'ast syn::ItemConst) {
        if let syn::Type::Path(p) = &*i.ty
            && let Some(ident) = p.path.get_ident()
        {
            let ty = ident.to_string();
            if ["Duration", "u8", "u16", "u32", "u64", "usize", "i32", "i64"].contains(&ty.as_str())
            {
                let old = self.0.insert(i.ident.to_string(), ty.clone());
                if old.is_some_and(|old| old != ty) {
                    self.0.insert(i.ident.to_string(), "?".into());
                }
            }
        }
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let [_, list, from, to, dropped, out] = args.as_slice() else {
        panic!("usage")
    };
    let list: Vec<Value> = serde_json::from_str(&fs::read_to_string(list).unwrap()).unwrap();
    let dropped: BTreeSet<String> = fs::read_to_string(dropped)
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect();
    let mut files: BTreeMap<String, Vec<(usize, &Value)>> = BTreeMap::new();
    let mut next = 1;
    for m in &list {
        let file = m["file"].as_str().unwrap().to_owned();
        let entry = files.entry(file).or_default();
        if !dropped.contains(m["name"].as_str().unwrap()) {
            entry.push((next, m));
        }
        next += 1;
    }
    let mut consts = Consts(HashMap::new());
    let mut parsed = BTreeMap::new();
    for file in files.keys() {
        let source = fs::read_to_string(Path::new(from).join(file)).unwrap();
        let tree = syn::parse_file(&source).unwrap();
        consts.visit_file(&tree);
        parsed.insert(file.clone(), (source, tree));
    }
    consts.0.retain(|_, ty| ty != "?");
    let mut listing = Vec::new();
    for (file, ids) in &files {
        let (source, tree) = &parsed[file];
        let lines: Vec<usize> = std::iter::once(0)
            .chain(source.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        let offset = |v: &Value| {
            let line = v["line"].as_u64().unwrap() as usize;
            let col = v["column"].as_u64().unwrap() as usize;
            let start = lines[line - 1];
            source[start..]
                .char_indices()
                .nth(col - 1)
                .map_or(source.len(), |(at, _)| start + at)
        };
        let mut mutants = BTreeMap::new();
        let mut by_start: HashMap<usize, Vec<usize>> = HashMap::new();
        for (id, m) in ids {
            let start = offset(&m["span"]["start"]);
            by_start.entry(start).or_default().push(*id);
            mutants.insert(
                *id,
                Mutant {
                    name: m["name"].as_str().unwrap().into(),
                    genre: m["genre"].as_str().unwrap().into(),
                    replacement: m["replacement"].as_str().unwrap().into(),
                    start,
                    end: offset(&m["span"]["end"]),
                    woven: false,
                },
            );
        }
        let on = if file == "src/main.rs" {
            "meshbot::mutants::on"
        } else {
            "crate::mutants::on"
        };
        let mut weaver = Weaver {
            source,
            mutants,
            by_start,
            hosts: vec![],
            inserts: vec![],
            on,
            next,
            functions: vec![],
            in_fn: 0,
            file: file.clone(),
            dropped: &dropped,
            lines: lines.clone(),
            consts: &consts.0,
            const_ids: HashMap::new(),
        };
        weaver.visit_file(tree);
        next = weaver.next;
        let Weaver {
            mut hosts,
            mut inserts,
            mutants,
            ..
        } = weaver;
        hosts.sort_by_key(|h| (h.range.start, std::cmp::Reverse(h.range.end)));
        // Closing inserts come first at a place.
        inserts.sort_by_key(|i| (i.at, !i.text.starts_with(" }")));
        let mut out = Out {
            source,
            hosts: &hosts,
            inserts: &inserts,
            on,
            text: String::new(),
            ranges: BTreeMap::new(),
        };
        out.render(0..source.len(), &mut 0, &mut 0);
        fs::write(Path::new(to).join(file), &out.text).unwrap();
        for (id, m) in &mutants {
            listing.push(json!({
                "id": id, "file": file, "name": m.name, "genre": m.genre, "woven": m.woven,
                "ranges": out.ranges.get(id),
            }));
        }
    }
    fs::write(out, serde_json::to_string(&listing).unwrap()).unwrap();
}
