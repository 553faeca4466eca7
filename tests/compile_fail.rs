//! What the compiler refuses, with its exact words, and that it does so for the seal alone.
//!
//! The words are those of a build with all features: which other types the compiler names depends on what else is built.

#[test]
fn forgeries_do_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/compile_fail/*.rs");
    cases.pass("tests/compile_pass/*.rs");
}
