//! The content of a store on which decisions depend, and its tokens: digests by which a later write checks that the
//! store still has this content.

use portcullis::guardrails::Halt;
use sha1_smol::Sha1;

use super::{StoreError, Stored, halts::ALL};

/// The policy and the halts of a store, before validation, with their token. Each of the two is present if it could be
/// read, even if the other one could not.
#[derive(Debug, Clone)]
pub struct StoreContent {
    pub(super) stored: Result<Stored, StoreError>,
    /// The text of the policy set, if there is one and the policy could be read.
    pub(super) set: Option<String>,
    pub(super) halt: Result<Halt, StoreError>,
    /// The part of the halts that disappeared from the store without a resume. It stays in effect until a resume.
    pub(super) kept: Halt,
    /// One text for each switch (a key of another program) that is set and therefore halts everything.
    pub(super) switched: Vec<String>,
    pub(super) token: ContentToken,
}

/// Opaque tokens of the policy and of the halts that a store held when it was read.
///
/// Time passes between a decision and the write of its result: a process can be stopped, and a server can execute a
/// command long after it was sent. A service therefore sends the token of its [`PolicySnapshot`](super::PolicySnapshot)
/// with the write, and the server writes only if its current content has the same token. `portcullis bridge` and
/// `portcullis harvester` do this in their scripts.
///
/// A token is computed from the texts that were read, not from the active policy. So if a reader rejects a publication,
/// its token differs from that of the store only until its next read, and trading continues under a policy that is
/// still in force.
///
/// There is no public constructor: a token comes from a read of a store.
///
/// ```compile_fail
/// let forged = portcullis_store::ContentToken { policy: String::new(), halts: String::new() };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentToken {
    pub(super) policy: String,
    pub(super) halts: String,
}

/// The token of content that has no texts, such as a key of another type.
const UNREADABLE: &str = "!";

impl StoreContent {
    /// Creates the content of a store that has no raw texts. The token of a part that could not be read is empty.
    pub(super) fn new(
        stored: Result<(Stored, Option<String>), StoreError>,
        halt: Result<Halt, StoreError>,
    ) -> Self {
        let (stored, set) = match stored {
            Ok((stored, set)) => (Ok(stored), set),
            Err(error) => (Err(error), None),
        };
        let policy = stored.as_ref().map_or_else(
            |_| String::new(),
            |stored| match stored {
                Stored::Nothing => of_fields(&[]),
                Stored::Fields(fields) => {
                    let bytes = |(name, value): &(String, String)| {
                        (name.clone().into_bytes(), value.clone().into_bytes())
                    };
                    of_fields(&fields.iter().map(bytes).collect::<Vec<_>>())
                }
                Stored::Document(text) => of_names(&[text.as_bytes()]),
                Stored::Unreadable { .. } => UNREADABLE.to_owned(),
            },
        );
        let policy = with_set(policy, set.as_deref().map(str::as_bytes));
        let halts = halt.as_ref().map_or_else(
            |_| String::new(),
            |halt| match halt {
                Halt::Nothing => of_names::<&str>(&[]),
                Halt::Symbols(symbols) => {
                    let names: Vec<&str> = symbols.iter().map(|symbol| symbol.as_str()).collect();
                    of_names(&names)
                }
                Halt::Everything => of_names(&[ALL]),
            },
        );
        Self {
            stored,
            set,
            halt,
            kept: Halt::Nothing,
            switched: Vec::new(),
            token: ContentToken { policy, halts },
        }
    }

    /// Returns the content that the store holds as its policy, before validation.
    ///
    /// # Errors
    /// Returns the error if the policy could not be read.
    pub const fn stored(&self) -> Result<&Stored, &StoreError> {
        self.stored.as_ref()
    }

    /// Returns the halts.
    ///
    /// # Errors
    /// Returns the error if the halts could not be read.
    pub const fn halt(&self) -> Result<&Halt, &StoreError> {
        self.halt.as_ref()
    }

    /// Returns the part of [`Self::halt`] that disappeared from the store without a resume, for example because the
    /// server evicted it. It stays in effect until entries are resumed.
    #[must_use]
    pub const fn kept_halt(&self) -> &Halt {
        &self.kept
    }

    /// Returns one text for each switch (a key of another program) that is set and therefore halts everything. The text
    /// contains the key and the value.
    #[must_use]
    pub fn switched(&self) -> &[String] {
        &self.switched
    }

    /// Returns the token of the policy and the halts.
    #[must_use]
    pub const fn token(&self) -> &ContentToken {
        &self.token
    }
}

impl ContentToken {
    /// Creates the token of a store that was not read yet. It differs from the token of all content that was read.
    pub(super) const fn unread() -> Self {
        Self {
            policy: String::new(),
            halts: String::new(),
        }
    }

    /// Returns the token of the Redis hash of the policy, `None` for a key of another type, and of the text of the policy
    /// set, `None` if there is no such text.
    #[cfg(feature = "redis")]
    pub(super) fn of_raw_policy(
        policy: Option<&[(Vec<u8>, Vec<u8>)]>,
        set: Option<&[u8]>,
    ) -> String {
        let policy = policy.map_or_else(|| UNREADABLE.to_owned(), of_fields);
        with_set(policy, set)
    }

    /// Returns the token of the set of halts, of the set of recorded halts, and of the values of switches; `None` for a
    /// key of another type.
    #[cfg(feature = "redis")]
    pub(super) fn of_raw_halts<'a>(
        halts: [Option<&[Vec<u8>]>; 2],
        switches: impl Iterator<Item = Option<&'a [u8]>>,
    ) -> String {
        let halts = halts.map(|names| names.map_or_else(|| UNREADABLE.to_owned(), of_names));
        let switches = switches
            .map(|value| value.map_or_else(|| UNREADABLE.to_owned(), |value| digest(&[value])));
        let tokens: Vec<String> = halts.into_iter().chain(switches).collect();
        digest(&[tokens.concat().as_bytes()])
    }

    /// Returns the token of the policy and the policy set; empty if they were not read.
    #[must_use]
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// Returns the token of the halts; empty if the halts were not read.
    #[must_use]
    pub fn halts(&self) -> &str {
        &self.halts
    }
}

/// Adds the text of the policy set to the token of the policy.
fn with_set(policy: String, set: Option<&[u8]>) -> String {
    match set {
        None => policy,
        Some(set) if policy.is_empty() || set.is_empty() => policy,
        Some(set) => digest(&[policy.as_bytes(), digest(&[set]).as_bytes()]),
    }
}

/// Returns the token of the fields of a policy, in any order. The length before each name separates the name from its
/// value.
fn of_fields(fields: &[(Vec<u8>, Vec<u8>)]) -> String {
    token(fields.iter().map(|(name, value)| {
        let length = format!("{}:", name.len());
        digest(&[length.as_bytes(), name, value])
    }))
}

/// Returns the token of the names of the halts, in any order.
fn of_names<T: AsRef<[u8]>>(names: &[T]) -> String {
    token(names.iter().map(|name| digest(&[name.as_ref()])))
}

/// Combines digests. They are sorted as hexadecimal digits, because a server sorts other texts by its locale.
fn token(digests: impl Iterator<Item = String>) -> String {
    let mut digests: Vec<String> = digests.collect();
    digests.sort_unstable();
    digest(&[digests.concat().as_bytes()])
}

/// Returns the SHA-1 of the concatenated parts in hexadecimal digits. SHA-1 is the only digest that a script on a Redis
/// server can compute. It does not protect against a writer who constructs two policies with one digest.
fn digest(parts: &[&[u8]]) -> String {
    let mut sha1 = Sha1::new();
    for part in parts {
        sha1.update(part);
    }
    hex::encode(sha1.digest().bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)], halt: Halt) -> ContentToken {
        let pairs = pairs.iter();
        let fields = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        StoreContent::new(Ok((Stored::Fields(fields.collect()), None)), Ok(halt)).token
    }

    #[test]
    fn a_token_depends_on_every_text_and_on_no_order() {
        let halted = |name: &str| Halt::Symbols([name.parse().unwrap()].into());
        let one = of(&[("a", "1"), ("b", "2")], Halt::Nothing);
        assert_eq!(one, of(&[("b", "2"), ("a", "1")], Halt::Nothing));
        assert_eq!(
            one.policy,
            of(&[("a", "1"), ("b", "2")], halted("X")).policy
        );
        for other in [
            of(&[("a", "1"), ("b", "3")], Halt::Nothing),
            of(&[("a", "2"), ("b", "1")], Halt::Nothing),
            of(&[("a1", ""), ("b", "2")], Halt::Nothing),
            of(&[("a", "1")], Halt::Nothing),
            of(&[("a", "1"), ("b", "2")], halted("X")),
            of(&[("a", "1"), ("b", "2")], Halt::Everything),
            ContentToken::unread(),
        ] {
            assert_ne!(one, other);
        }
        assert_ne!(of(&[], halted("X")), of(&[], halted("Y")));
        let document = |text: &str| {
            let stored = (Stored::Document(text.to_owned()), None);
            StoreContent::new(Ok(stored), Ok(Halt::Nothing)).token
        };
        assert_ne!(document("{}"), document("{ }"));
        let with_set = |set: Option<&str>| {
            let stored = (Stored::Nothing, set.map(str::to_owned));
            StoreContent::new(Ok(stored), Ok(Halt::Nothing)).token
        };
        assert_ne!(with_set(Some("{}")), with_set(None));
        assert_ne!(with_set(Some("{}")), with_set(Some("{ }")));
        let nothing = with_set(None);
        assert_ne!(nothing, ContentToken::unread());
        assert_ne!(nothing, document(""));
    }
}
