//! What the compiler refuses, with its exact words.

#[test]
fn forgeries_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
