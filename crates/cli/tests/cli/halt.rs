//! Tests of `halt` and `resume`.

use crate::policy_store::{STORE, published};

#[test]
fn a_halt_lasts_until_it_is_resumed() {
    let place = published();
    let run = |arguments: &[&str]| {
        let arguments = [arguments, &["--store", STORE, "--by", "ada"]].concat();
        place.run(&arguments)
    };
    assert_eq!(
        run(&["halt", "btcusdt"]).stdout,
        "halted: entries in BTCUSDT; exits are still allowed\n"
    );
    assert_eq!(
        run(&["halt", "--all"]).stdout,
        "halted: all entries; exits are still allowed\n"
    );
    assert_eq!(run(&["resume", "--all"]).stdout, "halted: nothing\n");
    let nothing = run(&["halt"]);
    assert_eq!(nothing.status, 2);
    let star = run(&["halt", "*"]);
    assert_eq!(star.status, 2);
    assert!(star.stderr.contains("`--all`"), "{}", star.stderr);
}
