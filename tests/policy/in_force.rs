//! Tests of warnings, validity windows and policy states.

use super::*;

#[test]
fn warnings_about_valid_policies() {
    let no_hash = "`policy_hash` is missing, so an incomplete write or an edited field cannot be detected; `portcullis policy publish` adds it";
    check_notes(&sample(), &[no_hash]);
    check_notes(&and(&format!(r#""policy_hash":"{SAMPLE_HASH}""#)), &[]);
    check_notes(
        &with(
            "\"BTCUSDT\": 8, \"ETHUSDT\": 10",
            "\"BTCUSDT\": null, \"XRPUSDT\": 10",
        ),
        &[
            "`universe_symbols` lists `BTCUSDT`, but `leverage_by_symbol` does not: every entry in this symbol is skipped; add a leverage, or remove the symbol",
            "`universe_symbols` lists `ETHUSDT`, but `leverage_by_symbol` does not: every entry in this symbol is skipped; add a leverage, or remove the symbol",
            "`leverage_by_symbol` lists `XRPUSDT`, but `universe_symbols` does not: this leverage is never used; add the symbol to `universe_symbols`, or remove the leverage",
            no_hash,
        ],
    );
    check_notes(
        &and(concat!(
            r#""valid_from_epoch":1766550735,"valid_untill":1,"b\n":"","metadata_ok":false,"missing_fields":["sigma"],"#,
            r#""generator":"","features_window":"","universe_hash":"","market":"","venue":"","stats_endpoint":"","#,
            r#""exchange_info_endpoint":"","ticker_24h_endpoint":"","policy_sig":"","policy_seq":1,"harvest_grace_sec":1"#
        )),
        &[
            "`valid_from_epoch` (2025-12-24T04:32:15Z) is later than `valid_until_epoch` (2025-12-24T04:32:14.062733Z): the policy is never in force; correct one of them",
            "`b\\n` is not a known field, so it has no effect; check the spelling",
            "`valid_untill` is not a known field, so it has no effect; check the spelling",
            no_hash,
            "`metadata_ok` is `false`: the generator of the policy reported bad inputs, and the guardrail `require_metadata_ok` refuses such a policy; fix the inputs and generate the policy again",
            "`missing_fields` is `[\"sigma\"]`: the generator of the policy reported missing inputs; add them and generate the policy again",
        ],
    );
    // A validity window that consists of a single timestamp is not empty.
    let short = |validity: &str| {
        format!(
            "the policy is in force for {validity}, which is shorter than 2 minutes; check `valid_from_epoch` and `valid_until_epoch`"
        )
    };
    check_notes(
        &and(&format!(r#""valid_from_epoch":{UNTIL}"#)),
        &[&short("0 s"), no_hash],
    );
    check_notes(
        &and(r#""valid_from_epoch":1766550614.062734"#),
        &[&short("119.999999 s"), no_hash],
    );
    check_notes(&and(r#""valid_from_epoch":1766550614.062733"#), &[no_hash]);
    check_notes(
        &and(r#""metadata_ok":"True","missing_fields":[]"#),
        &[no_hash],
    );
}

#[test]
fn warnings_about_numbers_and_symbols() {
    let no_hash = "`policy_hash` is missing, so an incomplete write or an edited field cannot be detected; `portcullis policy publish` adds it";
    let check = |from: &str, to: &str, note: &str| {
        let changed = sample().replace(from, to);
        assert_ne!(changed, sample(), "{from}");
        let notes: &[&str] = if note.is_empty() {
            &[no_hash]
        } else {
            &[note, no_hash]
        };
        check_notes(&changed, notes);
    };
    check(r#""BTCUSDT": 8"#, r#""BTCUSDT": 125"#, "");
    check(
        r#""BTCUSDT": 8"#,
        r#""BTCUSDT": 125.5"#,
        "`leverage_by_symbol` gives `BTCUSDT` a leverage of 125.5, but large venues offer at most 125; check the value",
    );
    for separated in ["BTC-USDT", "BTC/USDT", "BTC_USDT", "BTC:USDT", "BTCUSDT.P"] {
        check(
            "BTCUSDT",
            separated,
            &format!(
                "`universe_symbols` lists `{separated}` with a separator, so it matches only intents with the same spelling; most venues use `BTCUSDT`"
            ),
        );
    }
    // `cost_bps` is 12, so the profit lock covers the costs from 0.0012.
    for (be_plus_pct, note) in [
        ("0.0012", ""),
        ("0.05", ""),
        (
            "0.3",
            "`be_plus_pct` is 0.3, so the profit-lock stop is more than 5 % away from the entry price, which is unusual; `be_plus_pct` is a fraction: for 0.3 %, write 0.003",
        ),
        (
            "0.0011",
            "`be_plus_pct` (0.0011) is less than `cost_bps` / 10000 (12 / 10000), so the profit lock moves the stop to a price that does not cover the costs; increase `be_plus_pct`",
        ),
        (
            "0",
            "`be_plus_pct` (0) is less than `cost_bps` / 10000 (12 / 10000), so the profit lock moves the stop to a price that does not cover the costs; increase `be_plus_pct`",
        ),
    ] {
        check(
            r#""be_plus_pct": 0.003"#,
            &format!(r#""be_plus_pct": {be_plus_pct}"#),
            note,
        );
    }
}

#[test]
fn the_validity_window_includes_both_ends() {
    let policy = read(&and("\"valid_from_epoch\":1766550000.0000001"));
    let check = |now: &str, expected: Result<(), ValidityError>| {
        let now = at(now);
        assert_eq!(policy.in_force(now).map(|_| ()), expected, "{now}");
        assert_eq!(policy.theta_in_force(now).map(|_| ()), expected, "{now}");
    };
    let early = |now| {
        Err(ValidityError::NotYetValid {
            valid_from: at("1766550000.000001"),
            now: at(now),
        })
    };
    let late = |now| {
        Err(ValidityError::Expired {
            valid_until: at("1766550734.062733"),
            now: at(now),
        })
    };
    check("0", early("0"));
    check("1766550000", early("1766550000"));
    check("1766550000.000001", Ok(()));
    check("1766550734.062733", Ok(()));
    check("1766550734.062734", late("1766550734.062734"));
    check("253402300799.999999", late("253402300799.999999"));

    let now = at("1766550734");
    let in_force: InForce<'_> = policy.in_force(now).unwrap();
    assert_eq!((in_force.now(), in_force.is_assumed()), (now, false));
    assert_eq!(in_force.policy(), &policy);
    let in_force: ThetaInForce<'_> = policy.theta_in_force(now).unwrap();
    assert_eq!((in_force.now(), in_force.is_assumed()), (now, false));
    assert_eq!(in_force.policy(), &policy);
    assert_eq!(
        policy.in_force(at("1766550735")).unwrap_err().to_string(),
        "expired at 2025-12-24T04:32:14.062733Z; the time is 2025-12-24T04:32:15Z"
    );
    assert_eq!(
        policy.in_force(at("1766540000")).unwrap_err().to_string(),
        "not in force before 2025-12-24T04:20:00.000001Z; the time is 2025-12-24T01:33:20Z"
    );
}

#[test]
fn the_grace_period_extends_theta_only() {
    let policy = read(&and("\"harvest_grace_sec\":0.5"));
    let check = |now: &str, entries: bool, harvest: bool| {
        assert_eq!(policy.in_force(at(now)).is_ok(), entries, "{now}");
        assert_eq!(policy.theta_in_force(at(now)).is_ok(), harvest, "{now}");
    };
    check("1766550734.062733", true, true);
    check("1766550734.062734", false, true);
    check("1766550734.562733", false, true);
    check("1766550734.562734", false, false);
    assert_eq!(
        policy.theta_in_force(at("1766550735")).unwrap_err(),
        ValidityError::Expired {
            valid_until: at("1766550734.562733"),
            now: at("1766550735")
        }
    );
    let endless = read(&and("\"harvest_grace_sec\":1e300"));
    assert!(endless.theta_in_force(Timestamp::MAX).is_ok());
    assert!(endless.in_force(Timestamp::MAX).is_err());
}

#[test]
fn an_inverted_window_is_never_in_force() {
    let policy = read(&and("\"valid_from_epoch\":1766550735"));
    for now in ["1766550734", "1766550734.5", "1766550735", "1766550736"] {
        assert!(policy.in_force(at(now)).is_err(), "{now}");
    }
}

#[test]
fn symbols_are_looked_up() {
    let policy = read(&with("\"BTCUSDT\": 8", "\"BTCUSDT\": null, \"XRPUSDT\": 9"));
    let in_force = policy.in_force(at("0")).unwrap();
    let listing = |symbol| in_force.listing(&Symbol::new(symbol).unwrap());
    assert_eq!(listing("BTCUSDT"), Listing::NoLeverage);
    assert_eq!(listing("XRPUSDT"), Listing::NotInUniverse);
    assert_eq!(listing("BTCUSD"), Listing::NotInUniverse);
    assert!(matches!(listing("ethusdt"), Listing::Leverage(_)));
    assert!(policy.lists(&Symbol::new("btcusdt").unwrap()));
    assert!(!policy.lists(&Symbol::new("xrpusdt").unwrap()));
}

#[test]
fn a_state_has_a_policy_or_a_reason() {
    let policy = read(&sample());
    let present = PolicyState::present(&policy);
    assert_eq!(present.policy().unwrap(), &policy);
    assert!(present.in_force(at("0")).is_ok());
    assert!(matches!(
        present.theta_in_force(Timestamp::MAX),
        Err(NotInForceError::Validity(ValidityError::Expired { .. }))
    ));

    let refused = PolicyUnavailable::from(Policy::from_json("[]").unwrap_err());
    let check = |why: PolicyUnavailable, text: &str| {
        let absent = PolicyState::unavailable(&why);
        assert_eq!(absent.policy().unwrap_err(), &why);
        let error = NotInForceError::Unavailable(&why);
        assert_eq!(absent.in_force(at("0")).unwrap_err(), error);
        assert_eq!(absent.theta_in_force(at("0")).unwrap_err(), error);
        assert_eq!(error.to_string(), text);
        assert_eq!(why.to_string(), text);
    };
    check(PolicyUnavailable::NotFound, "no policy");
    check(
        PolicyUnavailable::HashUnknown(policy.hash()),
        &format!(
            "the policy of the recorded decision, with hash {SAMPLE_HASH}, is not on the tape"
        ),
    );
    check(refused, "the document is `[]`, but must be a JSON object");
    check(
        PolicyUnavailable::SignatureInvalid,
        "the policy is not signed by a trusted key",
    );
    let rolled_back = |offered| PolicyUnavailable::RolledBack { seen: 7, offered };
    check(
        rolled_back(Some(6)),
        "the policy has sequence 6; another policy with sequence 7 was already seen",
    );
    check(
        rolled_back(None),
        "the policy has no sequence; another policy with sequence 7 was already seen",
    );
    check(
        PolicyUnavailable::StoreUnavailable,
        "the policy store cannot be reached",
    );
    check(
        PolicyUnavailable::SequenceNotRecorded {
            why: "`seen`: a reason".to_owned(),
        },
        "the sequence of the policy cannot be recorded: `seen`: a reason",
    );
    let by_other = |is_released| PolicyUnavailable::WrittenByOther {
        publication: 3,
        is_released,
        refusal: Box::new(rolled_back(None)),
    };
    check(
        by_other(false),
        "the policy has no sequence; another policy with sequence 7 was already seen; the fields were written by another program after \
         publication 3; publish again with `portcullis policy publish`, or leave the key to that program with \
         `portcullis policy release`",
    );
    check(
        by_other(true),
        "the policy has no sequence; another policy with sequence 7 was already seen; the fields were written by another program after \
         publication 3; the key was released: remove the sequence file of this service, if it has one, and start it \
         again",
    );
}

#[cfg(feature = "what-if")]
#[test]
fn an_assumed_policy_is_marked() {
    let policy = read(&sample());
    let assumed = PolicyState::present(&policy).assume_in_force();
    let now = Timestamp::MAX;
    assert_eq!(assumed.policy().unwrap(), &policy);
    let in_force = assumed.in_force(now).unwrap();
    assert_eq!((in_force.now(), in_force.is_assumed()), (now, true));
    let theta = assumed.theta_in_force(now).unwrap();
    assert_eq!((theta.now(), theta.is_assumed()), (now, true));
}

#[test]
fn policies_are_send_and_sync() {
    fn check<T: Send + Sync + 'static>() {}
    check::<Policy>();
    check::<PolicyUnavailable>();
}
