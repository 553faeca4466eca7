//! Forged trades and permits do not compile, and only because the types are sealed.
//!
//! The expected messages are those of a build with all features, because the compiler lists other types in them.

#[test]
fn forgeries_do_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/compile_fail/*.rs");
    cases.pass("tests/compile_pass/*.rs");
}
