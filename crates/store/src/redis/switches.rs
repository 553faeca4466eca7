//! Switches of other programs: keys whose value halts all entries.

use portcullis::types::Shown;

/// Keys of other programs that halt everything, unless their value is in a list.
///
/// A key that is absent, or whose value is in the list, halts nothing. Every other text halts everything, and so does a
/// key that is not a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switches {
    keys: &'static [&'static str],
    off: &'static [&'static str],
}

impl Switches {
    /// No switches.
    pub const NONE: Self = Self {
        keys: &[],
        off: &[],
    };

    /// Creates switches at these keys. The values in `off`, in upper or lower case, and the empty text halt nothing.
    #[must_use]
    pub const fn new(keys: &'static [&'static str], off: &'static [&'static str]) -> Self {
        Self { keys, off }
    }

    /// Returns the keys.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &'static str> + use<> {
        self.keys.iter().copied()
    }

    /// Returns a text about each switch that halts everything. A key of another type has no value.
    pub(super) fn switched<'a>(
        &self,
        values: impl Iterator<Item = Option<&'a [u8]>>,
    ) -> Vec<String> {
        let all = self.keys.iter().zip(values);
        all.filter(|(_, value)| !value.is_some_and(|value| self.is_off(value)))
            .map(|(key, value)| match value {
                Some(value) => {
                    format!("`{key}` is `{}`", Shown(&*String::from_utf8_lossy(value)))
                }
                None => format!("`{key}` is a key of another type"),
            })
            .collect()
    }

    fn is_off(&self, value: &[u8]) -> bool {
        let mut off = self.off.iter();
        value.is_empty() || off.any(|off| value.eq_ignore_ascii_case(off.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_but_the_known_ones_halts() {
        let switches = Switches::new(&["a"], &["0", "no"]);
        for value in ["", "0", "no", "NO", "No"] {
            let value = [Some(value.as_bytes())];
            assert!(switches.switched(value.into_iter()).is_empty());
        }
        for value in ["1", "off", " no", "00", "LOCKDOWN", "\u{1f6d1}"] {
            let text = format!("`a` is `{value}`");
            let value = [Some(value.as_bytes())];
            assert_eq!(switches.switched(value.into_iter()), [text]);
        }
        let other = switches.switched([None].into_iter());
        assert_eq!(other, ["`a` is a key of another type"]);
        let bytes = switches.switched([Some(&[0xff][..])].into_iter());
        assert_eq!(bytes.len(), 1);
    }
}
