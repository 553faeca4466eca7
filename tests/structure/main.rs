//! Tests of the structure of the source: files and folders have no dependency cycles, and each
//! folder of the engine depends only on folders before it.
//!
//! A file depends on the files that define the items it imports or names by path. Re-exports are
//! followed to the definition. `mod` and `pub use` declarations and test code create no
//! dependencies.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    reason = "tests fail by panicking and read files, and the enums of `syn` are not exhaustive"
)]

mod cycle;
mod imports;
mod module;

use std::{collections::BTreeMap, fs, path::Path};

use cycle::find_cycle;
use imports::{Import, imports};
use module::Modules;

/// The top-level modules of the engine. Each depends only on modules before it.
const ENGINE: [&str; 12] = [
    "types",
    "json",
    "provenance",
    "policy",
    "intent",
    "guardrails",
    "exit",
    "harvest",
    "decide",
    "record",
    "answer",
    "explain",
];

#[test]
fn files_have_no_cycles() {
    assert_eq!(file_cycle(&workspace()), None);
}

#[test]
fn sibling_modules_have_no_cycles() {
    assert_eq!(sibling_cycle(&workspace()), None);
}

#[test]
fn engine_modules_are_in_order() {
    let place = |path: &str| {
        let name = path.strip_prefix("src/")?.split('/').next()?;
        let name = name.trim_end_matches(".rs");
        ENGINE.iter().position(|it| *it == name)
    };
    let modules = fs::read_dir(root().join("src")).unwrap().count();
    assert_eq!(
        modules,
        ENGINE.len() + 1,
        "`ENGINE` lists all modules except `lib.rs`"
    );
    for import in workspace() {
        let (Some(from), Some(to)) = (place(&import.from), place(&import.to)) else {
            continue;
        };
        assert!(to <= from, "an import from a later module: {import}");
    }
}

#[test]
fn a_cycle_between_files_is_found() {
    let imports = planted(&[
        ("src/lib.rs", "mod a; mod b; mod c;"),
        ("src/a.rs", "use crate::b::Word; pub struct A(Word);"),
        ("src/b/mod.rs", "mod word; pub use word::Word;"),
        ("src/b/word.rs", "pub struct Word(Vec<crate::c::C>);"),
        (
            "src/c.rs",
            r#"fn text() -> String { format!("{}", super::a::A::new()) } pub struct C;"#,
        ),
    ]);
    let cycle = file_cycle(&imports).unwrap();
    assert_eq!(
        cycle,
        "src/a.rs uses crate::b::Word of src/b/word.rs\n\
         src/b/word.rs uses crate::c::C of src/c.rs\n\
         src/c.rs uses super::a::A::new of src/a.rs\n"
    );
}

#[test]
fn a_cycle_between_folders_is_found() {
    let imports = planted(&[
        ("src/lib.rs", "mod a; mod b;"),
        ("src/a/mod.rs", "mod one; pub mod two;"),
        ("src/a/one.rs", "use crate::b::three::Three;"),
        ("src/a/two.rs", "pub struct Two;"),
        ("src/b/mod.rs", "pub mod three; mod four;"),
        ("src/b/three.rs", "pub struct Three;"),
        ("src/b/four.rs", "use crate::a; fn f() { a::two::Two }"),
    ]);
    assert_eq!(file_cycle(&imports), None);
    let cycle = sibling_cycle(&imports).unwrap();
    assert_eq!(
        cycle,
        "src/a/one.rs uses crate::b::three::Three of src/b/three.rs\n\
         src/b/four.rs uses a::two::Two of src/a/two.rs\n"
    );
}

#[test]
fn a_cycle_between_crates_is_found() {
    let planted = |second: &str| {
        planted(&[
            ("sim/src/lib.rs", "mod tape; pub mod replay;"),
            ("sim/src/tape.rs", "use portcullis_one::One;"),
            ("sim/src/replay.rs", "pub struct Replay;"),
            (
                "crates/one/src/lib.rs",
                "mod one; mod two; pub use one::One;",
            ),
            ("crates/one/src/one.rs", "pub struct One;"),
            ("crates/one/src/two.rs", second),
            ("crates/two/src/lib.rs", "mod two; pub use two::Two;"),
            (
                "crates/two/src/two.rs",
                "use portcullis_sim::replay::Replay; pub struct Two;",
            ),
        ])
    };
    assert_eq!(sibling_cycle(&planted("")), None);
    for second in [
        "use portcullis_two::Two;",
        "use portcullis_sim::replay::Replay;",
    ] {
        let imports = planted(second);
        assert_eq!(file_cycle(&imports), None);
        assert!(sibling_cycle(&imports).is_some(), "{second}");
    }
}

#[test]
fn declarations_reexports_and_test_code_are_not_imports() {
    let imports = planted(&[
        (
            "src/lib.rs",
            "pub mod a; mod b; pub use a::A; pub(crate) use b::*;",
        ),
        ("src/a.rs", "use crate::b::B; pub struct A(B);"),
        (
            "src/b.rs",
            "pub struct B; impl B { #[cfg(test)] fn a() { crate::A } }
             #[cfg(test)] mod tests { use crate::A; } #[cfg(test)] use super::a::A;",
        ),
    ]);
    assert_eq!(file_cycle(&imports), None);
    assert_eq!(imports.len(), 1);
}

#[test]
fn a_path_through_another_crate_is_resolved() {
    let imports = planted(&[
        ("src/lib.rs", "pub mod types;"),
        ("src/types.rs", "pub struct Price;"),
        (
            "crates/store/src/lib.rs",
            "use portcullis::types::{self, Price}; fn f(_: types::Price) {}",
        ),
    ]);
    let to: Vec<_> = imports.iter().map(|it| (&*it.from, &*it.to)).collect();
    assert_eq!(to, [("crates/store/src/lib.rs", "src/types.rs")]);
}

/// Returns a cycle between files, one import per line.
fn file_cycle(imports: &[Import]) -> Option<String> {
    find_cycle(imports.iter().map(|it| (&*it.from, &*it.to, it)))
}

/// Returns a cycle between modules of one folder, where a module includes all files below it.
fn sibling_cycle(imports: &[Import]) -> Option<String> {
    find_cycle(imports.iter().filter_map(|it| {
        let (from, to) = siblings(&it.from, &it.to)?;
        Some((from, to, it))
    }))
}

/// Returns the paths, without extension, of two modules that are in the same folder and contain
/// these files. The folder `crates` is not a module: each crate in it is a sibling of `src` and `sim`.
///
/// Returns `None` if one of the files is the root of that folder.
fn siblings<'p>(one: &'p str, other: &'p str) -> Option<(&'p str, &'p str)> {
    let parts = one.split('/').zip(other.split('/'));
    let shared: usize = parts
        .take_while(|(one, other)| one == other)
        .map(|(part, _)| part.len() + 1)
        .sum();
    let module = |path: &'p str| {
        let start = match path.strip_prefix("crates/") {
            Some(inside) if shared == 0 => path.len() - inside.len(),
            Some(_) | None => shared,
        };
        let name = path[start..].split('/').next()?.trim_end_matches(".rs");
        let is_root = matches!(name, "mod" | "lib" | "main");
        (!is_root).then(|| &path[..start + name.len()])
    };
    module(one).zip(module(other))
}

fn planted(files: &[(&str, &str)]) -> Vec<Import> {
    let files = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    imports(&Modules::new(&files.collect()))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the imports of the workspace: the engine, the crates and the simulation, without tests and benches.
fn workspace() -> Vec<Import> {
    let mut sources = vec![root().join("src"), root().join("sim/src")];
    let crates = fs::read_dir(root().join("crates")).unwrap();
    sources.extend(crates.map(|it| it.unwrap().path().join("src")));
    let mut files = BTreeMap::new();
    while let Some(path) = sources.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).unwrap();
            sources.extend(entries.map(|it| it.unwrap().path()));
        } else if path.extension().is_some_and(|it| it == "rs") {
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap();
            files.insert(name.replace('\\', "/"), fs::read_to_string(&path).unwrap());
        }
    }
    imports(&Modules::new(&files))
}
