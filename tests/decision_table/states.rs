//! The abstract states of what each gate looks at.

/// An enum with the list of its members and a short text for each.
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
    /// Gate 1: what the intent says.
    Said {
        Unreadable = "unreadable",
        Invalid = "invalid",
        Ambiguous = "ambiguous",
        Hold = "HOLD",
        OneThing = "one thing",
    }
    /// Gate 2: what is wanted, and who asks.
    Asker {
        ExitOwner = "exit, by the owner",
        ExitDelegate = "exit, by a delegate",
        ExitOther = "exit, by another",
        ExitNobody = "exit, no source",
        ExitUnreadable = "exit, source unreadable",
        EntryOwner = "entry, by the owner",
        EntryDelegate = "entry, by a delegate",
        EntryUnreadable = "entry, source unreadable",
        EntryOther = "entry, by another",
        EntryNobody = "entry, no source",
    }
    /// Gate 3: what is halted.
    Halted {
        Nothing = "nothing",
        OtherSymbol = "another symbol",
        ThisSymbol = "this symbol",
        Everything = "everything",
    }
    /// Gate 4: the policy, and what the operator asks of one.
    Held {
        NotFound = "none",
        HashUnknown = "not the recorded one",
        MissingField = "lacks a field",
        ParseError = "does not parse",
        Invalid = "out of bounds",
        HashMismatch = "another hash",
        SignatureInvalid = "badly signed",
        RolledBack = "rolled back",
        StoreUnavailable = "store away",
        TooLong = "valid too long",
        OtherMarket = "another market",
        OtherVenue = "another venue",
        NoHash = "states no hash",
        Permitted = "within guardrails",
        Unguarded = "no guardrails",
    }
    /// Gate 5: the instant.
    When {
        TooEarly = "too early",
        First = "first instant",
        Within = "within",
        Last = "last instant",
        TooLate = "too late",
    }
    /// Gate 6: the age of the intent, and who bounds it.
    Age {
        Unbounded = "no bound",
        UnboundedUnknown = "no bound, unknown",
        Young = "fresh",
        AtBound = "at the bound",
        AheadUnbounded = "ahead, no bound",
        AheadAtBound = "ahead, at the bound",
        OldForPolicy = "too old (policy)",
        OldForOperator = "too old (operator)",
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
    /// Gate 8: the leverage, the policy giving 8.
    Asked {
        NothingGiven = "none given",
        Unusable = "asked `x`",
        Nothing = "not asked",
        Less = "asked 5",
        Equal = "asked 8",
        More = "asked 10",
    }
    /// Gate 9: the size.
    Sized {
        Missing = "none",
        Unusable = "unusable",
        NoPrice = "quantity alone",
        Notional = "notional",
        Margin = "margin",
        Product = "quantity*price",
    }
    /// Gate 10: the limits, and who sets them.
    Limited {
        Unlimited = "none",
        Within = "within all",
        AtBound = "at every bound",
        LeveragePolicy = "leverage (policy)",
        LeverageOperator = "leverage (operator)",
        MarginPolicy = "margin (policy)",
        MarginOperator = "margin (operator)",
        NotionalPolicy = "notional (policy)",
        NotionalOperator = "notional (operator)",
        Overflow = "not finite, or 0",
    }
}

/// One state of every input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) said: Said,
    pub(crate) asker: Asker,
    pub(crate) halted: Halted,
    pub(crate) held: Held,
    pub(crate) when: When,
    pub(crate) age: Age,
    pub(crate) listed: Listing,
    pub(crate) asked: Asked,
    pub(crate) sized: Sized,
    pub(crate) limited: Limited,
}

/// The states that a run goes through: all their combinations.
#[derive(Debug, Clone)]
pub(crate) struct Space {
    /// What is said, and by whom.
    pub(crate) intents: Vec<(Said, Asker)>,
    pub(crate) halted: &'static [Halted],
    pub(crate) held: &'static [Held],
    pub(crate) when: &'static [When],
    pub(crate) age: &'static [Age],
    pub(crate) listed: &'static [Listing],
    pub(crate) asked: &'static [Asked],
    pub(crate) sized: &'static [Sized],
    pub(crate) limited: &'static [Limited],
}

impl Space {
    /// Every state of every input.
    pub(crate) fn whole() -> Self {
        let intents = Said::ALL
            .iter()
            .flat_map(|said| Asker::ALL.iter().map(|asker| (*said, *asker)));
        Self {
            intents: intents.collect(),
            halted: Halted::ALL,
            held: Held::ALL,
            when: When::ALL,
            age: Age::ALL,
            listed: Listing::ALL,
            asked: Asked::ALL,
            sized: Sized::ALL,
            limited: Limited::ALL,
        }
    }

    /// For each gate a state that it lets pass and one that it does not.
    pub(crate) fn corners() -> Self {
        Self {
            intents: vec![
                (Said::Ambiguous, Asker::ExitOwner),
                (Said::Ambiguous, Asker::EntryOwner),
                (Said::Ambiguous, Asker::EntryOther),
                (Said::OneThing, Asker::ExitOwner),
                (Said::OneThing, Asker::EntryOwner),
                (Said::OneThing, Asker::EntryOther),
            ],
            halted: &[Halted::Nothing, Halted::ThisSymbol],
            held: &[Held::Permitted, Held::OtherMarket],
            when: &[When::Last, When::TooLate],
            age: &[Age::AtBound, Age::OldForPolicy],
            listed: &[Listing::Listed, Listing::NotListed],
            asked: &[Asked::More, Asked::Unusable],
            sized: &[Sized::Notional, Sized::Missing],
            limited: &[Limited::AtBound, Limited::MarginPolicy],
        }
    }

    /// Every state of each gate in turn, beside the corners of the others; and every state of the last three
    /// together, which work on each other's numbers.
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
            space(|space, whole| space.held = whole.held),
            space(|space, whole| space.when = whole.when),
            space(|space, whole| space.age = whole.age),
            space(|space, whole| space.listed = whole.listed),
            space(|space, whole| space.asked = whole.asked),
            space(|space, whole| space.sized = whole.sized),
            space(|space, whole| {
                space.asked = whole.asked;
                space.sized = whole.sized;
                space.limited = whole.limited;
            }),
        ]
    }

    /// How many combinations there are.
    pub(crate) fn size(&self) -> usize {
        self.intents.len()
            * self.halted.len()
            * self.held.len()
            * self.when.len()
            * self.age.len()
            * self.listed.len()
            * self.asked.len()
            * self.sized.len()
            * self.limited.len()
    }
}
