//! Floats: ordinary, suspicious, and any bits at all.

use proptest::{prelude::*, sample::select};

/// Every bit pattern: NaN of every payload, both infinities, both zeros, subnormals.
pub(crate) fn any_bits() -> impl Strategy<Value = f64> {
    any::<u64>().prop_map(f64::from_bits)
}

/// Every bit pattern, and more often than chance has it those that are no finite number.
pub(crate) fn any_float() -> impl Strategy<Value = f64> {
    prop_oneof![3 => any_bits(), 1 => unusable()]
}

/// Numbers that a policy or an intent would hold: the two that nobody may make up, their neighbours, factors
/// that make them, and others.
pub(crate) fn usual() -> impl Strategy<Value = f64> {
    let named = vec![
        10.0,
        10.0,
        10.0,
        200.0,
        200.0,
        200.0,
        10_f64.next_down(),
        10_f64.next_up(),
        200_f64.next_down(),
        1.0,
        2.0,
        2.5,
        5.0,
        8.0,
        20.0,
        25.0,
        40.0,
        100.0,
        0.1,
        1_600.0,
    ];
    prop_oneof![3 => select(named), 2 => 0.01..20_000.0]
}

/// Finite and greater than 0, of any size.
pub(crate) fn positive() -> impl Strategy<Value = f64> {
    let any = any_bits().prop_map(|x| {
        let x = x.abs();
        if x.is_finite() && x > 0.0 { x } else { 1.0 }
    });
    prop_oneof![12 => usual(), 1 => any, 1 => select(vec![5e-324, 1e-300, 1e300, f64::MAX])]
}

/// What is no size, no leverage and no price.
pub(crate) fn unusable() -> impl Strategy<Value = f64> {
    let words = vec![
        f64::NAN,
        -f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        0.0,
        -0.0,
        -1.0,
        -5e-324,
    ];
    prop_oneof![
        4 => select(words),
        1 => any_bits().prop_map(|x| if x.is_finite() { -x.abs() } else { x }),
    ]
}

/// Anything, most of it ordinary.
pub(crate) fn wild() -> impl Strategy<Value = f64> {
    prop_oneof![10 => usual(), 1 => unusable(), 2 => any_bits()]
}

/// A number as JSON; quoted where JSON has no number for it.
pub(crate) fn json(x: f64, quoted: bool) -> String {
    if quoted || !x.is_finite() {
        format!("\"{x:?}\"")
    } else {
        format!("{x:?}")
    }
}

/// A text as JSON.
pub(crate) fn quote(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// A JSON object, its members in an order of their own for every `order`.
pub(crate) fn object<K: AsRef<str>>(members: &[(K, String)], order: u64) -> String {
    let members: Vec<String> = shuffled(members, order)
        .into_iter()
        .map(|(key, value)| format!("{}:{value}", quote(key.as_ref())))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// The same members in another order, always the same one for the same `order`; 0 changes nothing.
fn shuffled<T>(members: &[T], order: u64) -> Vec<&T> {
    let mut members: Vec<&T> = members.iter().collect();
    let mut state = order;
    for end in (2..=members.len()).rev().filter(|_| order != 0) {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let place = usize::try_from(state >> 33).unwrap() % end;
        members.swap(place, end - 1);
    }
    members
}

/// Microseconds as decimal seconds, exactly.
pub(crate) fn seconds(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let size = micros.unsigned_abs();
    format!("{sign}{}.{:06}", size / 1_000_000, size % 1_000_000)
}
