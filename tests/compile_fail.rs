//! Tests that forged trades and permits do not compile, and that the sealed types are the only
//! cause.
//!
//! The expected messages are those of a build with all features, because the compiler lists types
//! in them that depend on the features.

#[test]
fn forgeries_do_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/compile_fail/*.rs");
    cases.pass("tests/compile_pass/*.rs");
}
