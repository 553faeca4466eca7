//! Functions that write drafts as JSON.

/// Returns a number as JSON. The result is a quoted string if `quoted` is true, or if the number is
/// not finite.
pub(crate) fn json(x: f64, quoted: bool) -> String {
    if quoted || !x.is_finite() {
        format!("\"{x:?}\"")
    } else {
        format!("{x:?}")
    }
}

/// Returns a text as a JSON string.
pub(crate) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Returns a JSON object. Each `order` shuffles the members differently; 0 keeps their order.
pub(crate) fn object<K: AsRef<str>>(members: &[(K, String)], order: u64) -> String {
    let members: Vec<String> = shuffled(members, order)
        .into_iter()
        .map(|(key, value)| format!("{}:{value}", quote(key.as_ref())))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// Returns the members in an order that depends only on `order`; 0 keeps their order.
fn shuffled<T>(members: &[T], order: u64) -> Vec<&T> {
    let mut members: Vec<&T> = members.iter().collect();
    let mut state = order;
    for end in (2..=members.len()).rev().filter(|_| order != 0) {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // The value has 31 bits, so it fits in a `usize`.
        let place = usize::try_from(state >> 33).unwrap_or_default() % end;
        members.swap(place, end - 1);
    }
    members
}

/// Returns microseconds as decimal seconds, exactly.
pub(crate) fn seconds(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let size = micros.unsigned_abs();
    format!("{sign}{}.{:06}", size / 1_000_000, size % 1_000_000)
}

/// Returns texts as a JSON list of strings.
pub(crate) fn list(texts: &[String]) -> String {
    serde_json::Value::from(texts).to_string()
}
