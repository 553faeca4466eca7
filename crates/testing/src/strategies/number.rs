//! Strategies for floats: ordinary numbers, unusable numbers, and any bit pattern.

use proptest::{prelude::*, sample::select};

/// Generates any bit pattern: NaN with any payload, both infinities, both zeros, subnormals.
pub fn any_bits() -> impl Strategy<Value = f64> {
    any::<u64>().prop_map(f64::from_bits)
}

/// Generates any bit pattern; unusable numbers are more frequent than in a uniform distribution.
pub fn any_float() -> impl Strategy<Value = f64> {
    prop_oneof![3 => any_bits(), 1 => unusable()]
}

/// Generates ordinary numbers of a policy or an intent. Frequent among them are 10 and 200, the adjacent floats, and
/// factors of these numbers. Trading services often have a leverage of 10 and a size of 200 USD as built-in defaults.
pub fn usual() -> impl Strategy<Value = f64> {
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

/// Generates any number that is finite and greater than 0.
pub fn positive() -> impl Strategy<Value = f64> {
    let any = any_bits().prop_map(|x| {
        let x = x.abs();
        if x.is_finite() && x > 0.0 { x } else { 1.0 }
    });
    prop_oneof![12 => usual(), 1 => any, 1 => select(vec![5e-324, 1e-300, 1e300, f64::MAX])]
}

/// Generates any number that is not valid as a size, a leverage or a price: NaN, infinite, 0 or
/// negative.
pub fn unusable() -> impl Strategy<Value = f64> {
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

/// Generates any number; most are ordinary.
pub fn wild() -> impl Strategy<Value = f64> {
    prop_oneof![10 => usual(), 1 => unusable(), 2 => any_bits()]
}
