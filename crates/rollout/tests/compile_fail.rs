//! Tests that the answer of a shadow cannot become a trade, by the messages of the compiler.

#[test]
fn a_shadow_does_not_become_a_trade() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
