mod print;
mod robustness;

use print::print;

use super::{super::Unparsed, read};
use crate::tree::{At, Node};

/// Checks the tree of a file.
#[track_caller]
fn check(text: &str, expected: &str) {
    let tree = read(text).unwrap();
    assert_eq!(print(&tree.root), format!("{{{expected}}}"));
}

/// Checks the tree of a function body.
#[track_caller]
fn check_body(text: &str, expected: &str) {
    check(
        &format!("fn f() {{\n{text}\n}}"),
        &format!("fn f() {{{expected}}};"),
    );
}

#[test]
fn literals() {
    check_body(
        "1_000; 0x10; 10.5f64; 1e3; 7usize",
        "1000; 16; 10.5; 1000; 7",
    );
    check_body("-10.0; - 3; -x; -dec!(1)", "-10; -3; <x>; <dec!(1)>");
    check_body(
        r##""a"; r#"b"#; 'c'; b"d"; c"e"; true"##,
        r#""a"; "b"; "c"; "d"; "e"; true"#,
    );
    check_body("(); None; Option::None", "none; none; none");
    check_body(
        "340282366920938463463374607431768211456",
        "340282366920938500000000000000000000000",
    );
}

#[test]
fn transparent_expressions() {
    check_body("&mut (x as f64)", "x");
    check_body("*x = (&10.0)", "x = 10");
    check_body("load().await", "load()");
    check_body("unsafe { x }", "{x}");
    check_body("async move { x; }", "{x;}");
}

#[test]
fn names_and_calls() {
    check_body("a::b::<T>::c", "a::b::c");
    check_body("<Policy as Default>::default()", "Policy::default()");
    check_body("self.cfg.r#leverage[0].1", "self.cfg.leverage[0].1");
    check_body("Some(a.b(1).c(x, 2))", "Some(a.b(1).c(x, 2))");
    check_body(
        "Order { leverage: 10.0, side, ..base }",
        "Order{leverage: 10, side: side, base}",
    );
    check_body(
        "[1, 2]; (1, 2); [0.5; 3]; [0.5; n()]",
        "[1, 2]; [1, 2]; [0.5]; [0.5, <n()>]",
    );
    check_body("..; 1..=n", "<>; <1 n>");
}

#[test]
fn operators() {
    check_body("a + b * 2 - c / d % e", "((a + (b * 2)) - ((c / d) ? e))");
    check_body("a == 1 && !b || c <= 2", "(((a == 1) && !b) || (c <= 2))");
    check_body("a.b *= 2", "update a.b = (a.b * 2)");
    check_body("(a, b) = (1, 2)", "[a, b] = [1, 2]");
}

#[test]
fn statements() {
    check_body("let x: f64 = 10.0;", "x = 10;");
    check_body("let (a, (b, _)) = (1, y);", "[a, [b, _]] = [1, y];");
    check_body(
        "let Some(policy) = load() else { return };",
        "policy = load() else {return};",
    );
    check_body("let Theta { t1_r, .. } = theta; t1_r", "t1_r = theta; t1_r");
    check_body("let x;", "<>;");
    check_body(";; const N: f64 = 2.0; N", "const N = 2; N");
}

#[test]
fn branches() {
    check_body(
        "if let Some(p) = q && r { 1 } else if s { 2 } else { 3 }",
        "if ((~some q) && r) {1} else if s {2} else {3}",
    );
    check_body("while let Ok(x) = y {}", "loop (~some y) {}");
    check_body(
        "for (i, x) in xs { break 'a 1; }",
        "loop [i, x] in xs {break 1;}",
    );
    check_body("loop { continue }", "loop {continue}");
    check_body(
        "match p { Some(x) | Ok(x) if x > 1 => 1, None => 2, Err(_) => 3, Ok(None) => 4, A | B => 5, _ => 6 }",
        "match p [some when (x > 1) => 1, absent => 2, failed => 3, absent => 4, (if A B) => 5, _ => 6]",
    );
    check_body(
        "match s { Some(\"BTCUSDT\") => 1, v @ 1..=5 => 2, (Some(a), None) => 3, Side::Long => 4, None | Err(_) => 5, None | Some(_) => 6 }",
        "match s [(if \"BTCUSDT\") => 1, (if 1 5) => 2, (if Some None) => 3, (if Side::Long) => 4, absent => 5, _ => 6]",
    );
}

#[test]
fn jumps() {
    check_body("return Err(e)", "return Err(e)");
    check_body("load()?", "load()?");
    check_body("Err(e)?; None?", "return Err(e); return none");
    check_body(
        "panic!(\"no {x}\"); bail!(\"no\"); todo!()",
        "raise panic!(\"no {x}\"); raise bail!(\"no\"); raise todo!()",
    );
    check_body(
        "std::process::exit(1); position.exit(1)",
        "raise std::process::exit(1); position.exit(1)",
    );
    check_body(
        "assert!(a > 1, \"no\"); ensure!(b, No); assert_eq!(a, 2);",
        "assert (a > 1); assert b; assert (a == 2);",
    );
    check_body("assert!(matches!(p, Some(_)))", "assert (~some p)");
}

#[test]
fn closures() {
    check_body("x.unwrap_or_else(|| 10.0)", "x.unwrap_or_else(fn () 10)");
    check_body(
        "async move |a, (b, _): (f64, f64)| { a }",
        "fn (a, b: (f64, f64)) {a}",
    );
}

#[test]
fn macros_with_expressions() {
    check_body(
        "dec!(10.0); vec![1, 2]; vec![0.5; 3]",
        "dec!(10); vec!(1, 2); vec!(0.5)",
    );
    check_body(
        "format!(\"{} {y}\", x, y = 10)",
        "format!(\"{} {y}\", x, y=10)",
    );
    check_body("matches!(x, Some(_) if y)", "((~some x) && y)");
    check_body("dbg!(10.0)", "10");
    check_body("tokio::join!(a(), b())", "tokio::join!(a(), b())");
}

#[test]
fn macros_with_maps() {
    check_body(
        r#"json!({"leverage": 10.0, "n": {"x": [1, null, {}]}, k: v, (f()): -1})"#,
        r#"json!({leverage: 10, n: {x: [1, none, {}]}, k: v, [f()]: -1})"#,
    );
    check_body(
        "json!([{\"a\": 1}]); json!({})",
        "json!([{a: 1}]); json!({})",
    );
    check_body("json!([1, 2].len())", "json!([1, 2].len())");
    check_body("hashmap! {\"a\" => 1, B => 2}", "hashmap!({a: 1, B: 2})");
}

#[test]
fn macros_with_statements() {
    check(
        "lazy_static! { static ref LEVERAGE: f64 = 10.0; }",
        "lazy_static!({const LEVERAGE = 10;});",
    );
    check(
        "thread_local! { static L: Cell<f64> = Cell::new(1.0); }",
        "thread_local!({const L = Cell::new(1);});",
    );
    check_body(
        "stream! { let x = 1; yield x; }",
        "stream!({x = 1; yield x;})",
    );
}

#[test]
fn macros_with_other_grammars() {
    check_body(
        "tokio::select! { m = rx.recv() => { place(m, 5.0).await; } else => {} }",
        "tokio::select!(<m = rx.recv() {place(m, 5);} {else: {}}>)",
    );
    check_body(
        "bot! { leverage: 10.0; qty: f64 = 2.0; \"BTCUSDT\" => 3 }",
        "bot!(<{leverage: 10} {qty: 2} {BTCUSDT: 3}>)",
    );
    check_body("odd!(@ 10.0 # \"x\" { ~ -3 })", "odd!(<10 \"x\" <-3>>)");
    check(
        "macro_rules! m { ($s:expr) => { place($s, 20.0) }; }",
        "<<{s: expr}> {place(s, 20)}>;",
    );
    check_body("m!($type: 10.0)", "m!(<{type: 10}>)");
}

#[test]
fn verbatim_syntax() {
    check("fn f(a: f64) -> f64;", "<fn f <{a: f64}> f64>;");
    check(
        "impl S { const N: f64; fn f(); }",
        "class S [<const {N: f64}>, <fn f()>];",
    );
    check_body("x = builtin # f(2.0);", "x = <builtin f(2)>;");
}

#[test]
fn functions_and_types() {
    check(
        "fn f(self: Box<Self>, State(p): State<Policy>, _: Trade, (a, b): (u8, u8)) -> f64 { 10.0 }",
        "fn f(self: Box<Self>, p: State<Policy>, _: Trade, a: (u8, u8), b: (u8, u8)) {10};",
    );
    check(
        "impl<T> Default for &Config<T> { const N: f64 = 1.0; fn default(&self) {} }",
        "class Config of Default [const N = 1, fn default(self) {}];",
    );
    check(
        "trait A: B + 'static { const N: f64; fn a(); fn b() { 1 } }",
        "class A of B [fn b() {1}];",
    );
    check(
        "#[derive(Debug, serde::Serialize)] struct S(f64, u8);",
        "class S of Debug serde::Serialize [0: f64, 1: u8];",
    );
    check(
        "enum E { A = 10, B { x: f64 }, C }",
        "class E [const A = 10, class B [x: f64]];",
    );
    check("use a::{b, c::{self, D as E}, f::*};", "<>;");
    check("mod m { static mut L: f64 = 10.0; }", "{const L = 10;};");
}

#[test]
fn defaults_of_fields() {
    let check = |field: &str, expected: &str| {
        check(
            &format!("struct S {{ {field} }}"),
            &format!("class S [{expected}];"),
        )
    };
    check(
        "#[serde(rename = \"x\", default = \"lev\")] l: f64",
        "field l = lev()",
    );
    check(
        "#[serde(default)] p: Policy",
        "field p = Default::default()",
    );
    check(
        "#[cfg_attr(feature = \"serde\", serde(default = \"lev\"))] l: f64",
        "field l = lev()",
    );
    check(
        "#[arg(long, default_value_t = 10.0, value_parser = check)] l: f64",
        "field l = 10",
    );
    check(
        "#[clap(default_value = \"10\", env = \"LEVERAGE\")] l: f64",
        "field l = \"10\"",
    );
    check(
        "#[arg(default_values_t = [1, 2])] l: Vec<u8>",
        "field l = [1, 2]",
    );
    check("#[arg(default_value(\"10\"))] l: f64", "field l = \"10\"");
    check(
        "#[default(10.0)] l: f64, #[builder(default = 2.0)] m: f64",
        "field l = 10, field m = 2",
    );
    check("#[validate(range(max = 10))] l: f64", "l: f64");
    super::tests::check(
        "#[serde(default)] struct S { l: f64 }",
        "class S [field l = Default::default()];",
    );
}

#[test]
fn tests_are_left_out() {
    let check = |attribute: &str, is_left_out: bool| {
        let tree = read(&format!("{attribute} fn f() {{ 10.0 }}")).unwrap();
        assert_eq!(tree.tests_left_out, usize::from(is_left_out), "{attribute}");
        assert_eq!(
            print(&tree.root),
            if is_left_out { "{}" } else { "{fn f() {10};}" },
            "{attribute}"
        );
    };
    for attribute in [
        "#[test]",
        "#[tokio::test(start_paused = true)]",
        "#[rstest]",
        "#[cfg(test)]",
        "#[cfg(all(test, unix))]",
    ] {
        check(attribute, true);
    }
    check("#[cfg(any(test, feature = \"testing\"))]", true);
    check("#[cfg(any(test, doctest, feature = \"test-utils\"))]", true);
    for attribute in [
        "#[cfg(not(test))]",
        "#[cfg(any(test, feature = \"live\"))]",
        "#[cfg(feature = \"test\")]",
        "#[cfg(all(not(test), unix))]",
    ] {
        check(attribute, false);
    }
    check("#[cfg_attr(test, inline)]", false);
    check("#![cfg(test)]", true);
    let tree = read(
        "impl S { #[cfg(test)] fn a() {} #[test] fn b() {} } #[cfg(test)] mod tests { fn c() {} }",
    )
    .unwrap();
    assert_eq!(
        (tree.tests_left_out, print(&tree.root)),
        (3, "{class S [];}".to_owned())
    );
}

#[test]
fn positions_are_in_lines_and_characters() {
    let text = "#!/usr/bin/env run\nfn f() {\n    \"äö\"; a.b.c(10.0, -1.0)[x!(2.0)];\n}";
    let tree = read(text).unwrap();
    let mut all = Vec::new();
    gather(&tree.root, &mut all);
    let line = |column| At { line: 3, column };
    let at = |what: &str| {
        all.iter()
            .find(|(it, _)| it == what)
            .map(|(_, at)| *at)
            .unwrap()
    };
    assert_eq!(at("\"äö\""), line(5));
    assert_eq!(at("a"), line(11));
    assert_eq!(at("a.b"), line(13));
    assert_eq!(at("a.b.c"), line(15));
    assert_eq!(at("a.b.c(10, -1)"), line(11));
    assert_eq!(at("-1"), line(23));
    assert_eq!(at("2"), line(32));
    assert_eq!(all.iter().filter(|(_, at)| at.line == 1).count(), 1);
}

fn gather(node: &Node, all: &mut Vec<(String, At)>) {
    all.push((print(node), node.at));
    node.children()
        .into_iter()
        .for_each(|child| gather(child, all));
}

#[test]
fn errors_have_positions() {
    #[track_caller]
    fn check(text: &str, line: usize, column: usize, message: &str) {
        let at = At { line, column };
        assert_eq!(
            read(text).unwrap_err(),
            Unparsed {
                at,
                message: message.to_owned()
            }
        );
    }
    check("fn f() {\n  struct 1;\n}", 2, 10, "expected identifier");
    check(
        "fn f() {",
        1,
        8,
        "unbalanced bracket or quote, or a character that is not valid in Rust",
    );
    check(
        "fn f() }",
        1,
        8,
        "unbalanced bracket or quote, or a character that is not valid in Rust",
    );
    check("fn", 1, 1, "unexpected end of input, expected identifier");
}
