//! The abstract states of the inputs of each gate.

/// Defines enums, each with a list of its members and a short text for every member.
macro_rules! states {
    ($($(#[$doc:meta])* $kind:ident { $($name:ident = $text:literal,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub(crate) enum $kind {
                $($name,)*
            }

            impl $kind {
                pub(crate) const ALL: &'static [Self] = &[$(Self::$name,)*];

                pub(crate) const fn text(self) -> &'static str {
                    match self {
                        $(Self::$name => $text,)*
                    }
                }
            }
        )*
    };
}

states! {
    /// Gate 1: the readability of the intent.
    Readability {
        Unreadable = "unreadable",
        Invalid = "invalid",
        Ambiguous = "ambiguous",
        Hold = "HOLD",
        Unsupported = "unsupported",
        Readable = "readable",
    }
    /// Gate 2: the kind of the intent and its source.
    Sender {
        ExitOwner = "exit, by the owner",
        ExitDelegate = "exit, by a delegate",
        ExitOther = "exit, other source",
        ExitNoSource = "exit, no source",
        ExitUnreadable = "exit, source unreadable",
        EntryOwner = "entry, by the owner",
        EntryDelegate = "entry, by a delegate",
        EntryUnreadable = "entry, source unreadable",
        EntryOther = "entry, other source",
        EntryNoSource = "entry, no source",
    }
    /// Gate 3: the active halt.
    Halted {
        Nothing = "none",
        OtherSymbol = "another symbol",
        ThisSymbol = "this symbol",
        Everything = "all symbols",
    }
    /// Gate 4: the policy, and the guardrails that limit policies.
    PolicyInput {
        NotFound = "none",
        HashUnknown = "recorded hash unknown",
        MissingField = "lacks a field",
        ParseError = "does not parse",
        Invalid = "out of bounds",
        HashMismatch = "hash mismatch",
        SignatureInvalid = "signature invalid",
        RolledBack = "rolled back",
        StoreUnavailable = "store unreachable",
        TooLong = "valid too long",
        OtherMarket = "another market",
        OtherVenue = "another venue",
        NoHash = "no hash",
        BadMetadata = "bad metadata",
        Permitted = "within guardrails",
        Unguarded = "no guardrails",
    }
    /// Gate 5: the time of the decision.
    DecisionTime {
        TooEarly = "too early",
        First = "first moment",
        Within = "within",
        Last = "last moment",
        TooLate = "too late",
    }
    /// Gate 6: the age of the intent, and the source of its bound.
    Age {
        Unbounded = "no bound",
        UnboundedUnknown = "no bound, unknown",
        Young = "fresh",
        AtBound = "at the bound",
        AheadUnbounded = "ahead, no bound",
        AheadAtBound = "ahead, at the bound",
        OldForPolicy = "too old (policy)",
        OldForOperator = "too old (guardrails)",
        Unknown = "age unknown",
        AheadBeyond = "too far ahead",
        LeadUnknown = "lead unknown",
    }
    /// Gate 7: the symbol.
    Listing {
        Listed = "listed",
        ListedPermitted = "listed, permitted",
        NotListed = "not listed",
        NotPermitted = "not permitted",
    }
    /// Gate 8: the leverage. The policy has a leverage of 8, or none.
    RequestedLeverage {
        NothingGiven = "none in the policy",
        Unusable = "requested `x`",
        Nothing = "none requested",
        Less = "requested 5",
        Equal = "requested 8",
        More = "requested 10",
    }
    /// Gate 9: the size.
    SizeInput {
        Missing = "none",
        Unusable = "unusable",
        NoPrice = "quantity alone",
        Notional = "notional",
        Margin = "margin",
        Product = "quantity*price",
    }
    /// Gate 10: the limits and their sources.
    Limited {
        Unlimited = "none",
        Within = "within all",
        AtBound = "at every bound",
        LeveragePolicy = "leverage (policy)",
        LeverageOperator = "leverage (guardrails)",
        MarginPolicy = "margin (policy)",
        MarginOperator = "margin (guardrails)",
        NotionalPolicy = "notional (policy)",
        NotionalOperator = "notional (guardrails)",
        Overflow = "not finite, or 0",
    }
}

/// One combination of states.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) readability: Readability,
    pub(crate) sender: Sender,
    pub(crate) halted: Halted,
    pub(crate) policy_input: PolicyInput,
    pub(crate) when: DecisionTime,
    pub(crate) age: Age,
    pub(crate) listed: Listing,
    pub(crate) requested: RequestedLeverage,
    pub(crate) size_input: SizeInput,
    pub(crate) limited: Limited,
}

/// The states whose combinations a run covers.
#[derive(Debug, Clone)]
pub(crate) struct Space {
    /// Readability, kind and source of the intents.
    pub(crate) intents: Vec<(Readability, Sender)>,
    pub(crate) halted: &'static [Halted],
    pub(crate) policy_input: &'static [PolicyInput],
    pub(crate) when: &'static [DecisionTime],
    pub(crate) age: &'static [Age],
    pub(crate) listed: &'static [Listing],
    pub(crate) requested: &'static [RequestedLeverage],
    pub(crate) size_input: &'static [SizeInput],
    pub(crate) limited: &'static [Limited],
}

impl Space {
    /// Returns the space of all states.
    pub(crate) fn whole() -> Self {
        let intents = Readability::ALL
            .iter()
            .flat_map(|readability| Sender::ALL.iter().map(|sender| (*readability, *sender)));
        Self {
            intents: intents.collect(),
            halted: Halted::ALL,
            policy_input: PolicyInput::ALL,
            when: DecisionTime::ALL,
            age: Age::ALL,
            listed: Listing::ALL,
            requested: RequestedLeverage::ALL,
            size_input: SizeInput::ALL,
            limited: Limited::ALL,
        }
    }

    /// Returns a space with a passing and a failing state for each gate.
    pub(crate) fn corners() -> Self {
        Self {
            intents: vec![
                (Readability::Ambiguous, Sender::ExitOwner),
                (Readability::Ambiguous, Sender::EntryOwner),
                (Readability::Ambiguous, Sender::EntryOther),
                (Readability::Readable, Sender::ExitOwner),
                (Readability::Readable, Sender::EntryOwner),
                (Readability::Readable, Sender::EntryOther),
            ],
            halted: &[Halted::Nothing, Halted::ThisSymbol],
            policy_input: &[PolicyInput::Permitted, PolicyInput::OtherMarket],
            when: &[DecisionTime::Last, DecisionTime::TooLate],
            age: &[Age::AtBound, Age::OldForPolicy],
            listed: &[Listing::Listed, Listing::NotListed],
            requested: &[RequestedLeverage::More, RequestedLeverage::Unusable],
            size_input: &[SizeInput::Notional, SizeInput::Missing],
            limited: &[Limited::AtBound, Limited::MarginPolicy],
        }
    }

    /// Returns one space for each gate, with all states of this gate and the [`corners`](Self::corners) of the other
    /// gates. The last three gates share a space with all of their states, because each of them depends on the numbers
    /// of the others.
    pub(crate) fn one_gate_at_a_time() -> [Self; 9] {
        let [whole, corners] = [Self::whole(), Self::corners()];
        let space = |change: fn(&mut Self, Self)| {
            let mut space = corners.clone();
            change(&mut space, whole.clone());
            space
        };
        [
            space(|space, whole| space.intents = whole.intents),
            space(|space, whole| space.halted = whole.halted),
            space(|space, whole| space.policy_input = whole.policy_input),
            space(|space, whole| space.when = whole.when),
            space(|space, whole| space.age = whole.age),
            space(|space, whole| space.listed = whole.listed),
            space(|space, whole| space.requested = whole.requested),
            space(|space, whole| space.size_input = whole.size_input),
            space(|space, whole| {
                space.requested = whole.requested;
                space.size_input = whole.size_input;
                space.limited = whole.limited;
            }),
        ]
    }

    /// Returns the number of combinations.
    pub(crate) fn size(&self) -> usize {
        self.intents.len()
            * self.halted.len()
            * self.policy_input.len()
            * self.when.len()
            * self.age.len()
            * self.listed.len()
            * self.requested.len()
            * self.size_input.len()
            * self.limited.len()
    }
}
