//! Tests of the checks of templates.

use portcullis_forge::{Parameter, Templates, Tighter};

use crate::support::{PAGE, TABLE, replaced, templates, templates_text};

/// Returns the faults of the templates of the page after replacements.
fn faults(replacements: &[(&str, &str)]) -> String {
    let error = Templates::from_toml(&replaced(replacements))
        .unwrap_err()
        .to_string();
    error
        .strip_prefix("invalid templates: ")
        .unwrap()
        .to_owned()
}

#[test]
fn the_templates_of_the_page_are_valid() {
    let templates = templates(&[]);
    assert_eq!(
        templates.regimes().collect::<Vec<_>>(),
        ["crisis", "range", "trend", "volatile"]
    );
    assert_eq!(templates.shortest_validity_sec(), 900);
    assert_eq!(
        (
            templates.harvest_grace_sec(),
            templates.max_feature_age_sec()
        ),
        (7200, 900)
    );
    assert_eq!(templates.sha256().len(), 64);
    let other = Templates::from_toml(&format!("{}\n", templates_text())).unwrap();
    assert_ne!(other.sha256(), templates.sha256());
}

#[test]
fn each_field_is_required_and_no_other_field_is_permitted() {
    let text = &*TABLE;
    let mut removed = 0;
    for path in paths(text) {
        let mut without = text.clone();
        let (last, parents) = path.split_last().unwrap();
        let parent = parents
            .iter()
            .fold(&mut without, |it, name| it[name].as_table_mut().unwrap());
        let value = parent.remove(last).unwrap();
        // A threshold is optional, but these regimes need all of theirs. A limit is optional in all regimes together.
        let error = Templates::from_toml(&without.to_string())
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("invalid templates: "),
            "{path:?}: {error}"
        );
        let parent = parents
            .iter()
            .fold(&mut without, |it, name| it[name].as_table_mut().unwrap());
        parent.insert(format!("{last}x"), value);
        assert!(
            Templates::from_toml(&without.to_string()).is_err(),
            "{path:?}"
        );
        removed += 1;
    }
    assert!(removed > 140, "{removed}");
}

/// Returns the paths of all values that are not tables.
fn paths(table: &toml::Table) -> Vec<Vec<String>> {
    let below = |(name, value): (&String, &toml::Value)| match value {
        toml::Value::Table(table) => {
            let with_name = |mut path: Vec<String>| {
                path.insert(0, name.clone());
                path
            };
            paths(table).into_iter().map(with_name).collect()
        }
        _ => vec![vec![name.clone()]],
    };
    table.iter().flat_map(below).collect()
}

#[test]
fn numbers_that_are_not_finite_or_negative_are_refused() {
    let text = &*TABLE;
    for path in paths(text) {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0] {
            let mut with = text.clone();
            let (last, parents) = path.split_last().unwrap();
            let parent = parents
                .iter()
                .fold(&mut with, |it, name| it[name].as_table_mut().unwrap());
            parent[last] = toml::Value::Float(bad);
            // A negative exit threshold or `ts_ref` is possible.
            let is_permitted = bad == -1.0 && (last == "exit" || last == "ts_ref");
            let found = Templates::from_toml(&with.to_string());
            assert!(found.is_err() || is_permitted, "{path:?} {bad}");
        }
    }
}

#[test]
fn a_gap_between_regimes_is_refused() {
    assert_eq!(
        faults(&[(
            "from = { enter = 0.08, exit = 0.06 }",
            "from = { enter = 0.09, exit = 0.06 }"
        )]),
        "no regime is entered at `sigma` = 0.08, `ts` = 0, `p_chop` = 0; extend the thresholds of one regime so that the \
         regimes cover all values"
    );
}

#[test]
fn regimes_that_overlap_are_refused() {
    assert_eq!(
        faults(&[(
            "from = { enter = 0.08, exit = 0.06 }",
            "from = { enter = 0.07, exit = 0.06 }"
        )]),
        "the regimes `crisis` and `volatile` overlap: both are entered at `sigma` = 0.07, `ts` = 0, `p_chop` = 0; separate \
         their `enter` thresholds"
    );
}

#[test]
fn a_regime_that_is_never_entered_is_refused() {
    let never = "the regime `crisis` is never entered, because no values are within its `enter` thresholds; correct them, \
                 or remove the regime";
    let crisis = "sigma = { from = { enter = 0.08, exit = 0.06 } }";
    let open = (", below = { enter = 0.08, exit = 0.09 }", "");
    assert_eq!(
        faults(&[
            open,
            (
                crisis,
                "sigma = { below = { enter = 0.0005, exit = 0.06 } }"
            )
        ]),
        never
    );
    assert_eq!(
        faults(&[
            open,
            (crisis, "p_chop = { from = { enter = 1.01, exit = 0.06 } }")
        ]),
        never
    );
}

#[test]
fn a_regime_can_be_reached_through_another_one() {
    // From `trend`, `range` can be reached only through `volatile`.
    let never_left = ("exit = 0.4 }", "exit = -0.1 }");
    assert_eq!(templates(&[never_left]).regimes().count(), 4);
}

#[test]
fn a_regime_that_is_never_left_is_refused() {
    let found = faults(&[(
        "from = { enter = 0.08, exit = 0.06 }",
        "from = { enter = 0.08, exit = 0 }",
    )]);
    for regime in ["range", "trend", "volatile"] {
        let expected = format!("the regime `{regime}` cannot be reached from `crisis`");
        assert!(found.contains(&expected), "{found}");
    }
}

#[test]
fn thresholds_need_hysteresis() {
    assert_eq!(
        faults(&[(
            "from = { enter = 0.08, exit = 0.06 }",
            "from = { enter = 0.08, exit = 0.08 }"
        )]),
        "`regimes.crisis.when.sigma.from.exit` is 0.08, but must be less than `enter`, which is 0.08"
    );
    assert_eq!(
        faults(&[(
            "below = { enter = 0.08, exit = 0.09 }",
            "below = { enter = 0.08, exit = 0.07 }"
        )]),
        "`regimes.volatile.when.sigma.below.exit` is 0.07, but must be greater than `enter`, which is 0.08"
    );
}

#[test]
fn all_faults_are_listed_with_their_paths() {
    for (from, to, expected) in [
        ("format = 1", "format = 2", "`format` is 2, but must be 1"),
        (
            "max_new = 1",
            "max_new = 0",
            "`universe.max_new` is 0, but must be at least 1",
        ),
        (
            "\"SOLUSDT\"]",
            "\"btcusdt\"]",
            "`universe.permitted_symbols` lists `BTCUSDT` more than once; list it once",
        ),
        (
            "max_step_24h = 0.5\n\n[steps.theta]",
            "max_step_24h = 0.05\n\n[steps.theta]",
            "`steps.max_step_24h` is 0.05, but must be at least `max_step`, which is 0.1; `steps.max_step_24h` is 0.05, so with \
          `integer_leverage` a symbol could never rise above its `start_leverage` of 2; use at least 0.5",
        ),
        (
            "T1_R = { max_step = 0.1,",
            "T1_R = { max_step = 0.11,",
            "the steps of `steps.theta.T1_R` must not be greater than those of `steps.theta.T2_R`",
        ),
        (
            "min = 2, cap = 6",
            "min = 2.5, cap = 6",
            "`regimes.volatile.leverage.min` is 2.5, but must be a whole number, because `integer_leverage` is true",
        ),
        (
            "min = 2, cap = 6",
            "min = 1, cap = 6",
            "`regimes.volatile.leverage.min` is 1, but must be at least `universe.start_leverage`, which is 2",
        ),
        (
            "min = 2, cap = 6",
            "min = 7, cap = 6",
            "`regimes.volatile.leverage.cap` is 6, but must be at least `min`, which is 7",
        ),
        (
            "T1_R = 1.2, T2_R = 2,",
            "T1_R = 2.5, T2_R = 2,",
            "in `regimes.volatile`: `harvest_params.T2_R` is `2.0`, but must be greater than T1_R, which is 2.5",
        ),
        (
            "kill_threshold = 0.53 }",
            "kill_threshold = 0.5 }",
            "in `regimes.volatile`: `harvest_params.kill_threshold` is `0.5`, but must be greater than 0.5 and less than 1",
        ),
        (
            "max_notional_usd = 8000, ",
            "",
            "`regimes.volatile.limits.max_notional_usd` is missing, although another regime states this limit; state it in all \
          regimes",
        ),
        (
            "kill_params = { trend_min = 0.3, ",
            "kill_params = { T1_R = 1, trend_min = 0.3, ",
            "`regimes.volatile.kill_params.T1_R` must be in `harvest_params`",
        ),
        (
            "lock_R = 0.8, ",
            "",
            "`regimes.volatile.harvest_params.lock_R` is missing; state it",
        ),
    ] {
        assert_eq!(faults(&[(from, to)]), expected);
    }
    let both = faults(&[
        ("max_new = 1", "max_new = 0"),
        ("min = 2, cap = 6", "min = 2, cap = 1"),
    ]);
    assert_eq!(both.matches("; ").count(), 1, "{both}");
}

#[test]
fn wrong_parameters_of_candles_are_faults() {
    for (to, expected) in [
        (
            "returns = 1,",
            "`candles.returns` is 1, but must be at least 2",
        ),
        (
            "returns = 96, trend_certain = nan }",
            "`candles.trend_certain` is NaN",
        ),
    ] {
        let from = if to.ends_with('}') {
            "returns = 96, trend_certain = 0.8 }"
        } else {
            "returns = 96,"
        };
        let found = faults(&[(from, to)]);
        assert!(found.contains(expected), "{found}");
    }
}

#[test]
fn syntax_errors_have_a_line() {
    assert_eq!(
        faults(&[("max_flat = 5", "max_flats = 5")]),
        "line 12: unknown field `max_flats`, expected one of `permitted_symbols`, `min_volume`, `max_spread`, \
         `sigma_floor`, `max_flat`, `max_members`, `max_new`, `max_new_24h`, `start_leverage`"
    );
    let twice = faults(&[("max_flat = 5", "max_flat = 5\nmax_flat = 5")]);
    assert!(twice.starts_with("line 13: duplicate key"), "{twice}");
}

#[test]
fn the_table_of_the_page_lists_each_direction() {
    for parameter in Parameter::all() {
        let name = format!("`{parameter}`");
        let mut rows = PAGE
            .lines()
            .filter(|line| line.starts_with("| ") && line.contains(&name));
        let row = rows.find(|line| line.contains("| lower |") || line.contains("| higher |"));
        let is_lower = row
            .unwrap_or_else(|| panic!("{name}"))
            .contains("| lower |");
        assert_eq!(is_lower, parameter.tighter() == Tighter::Lower, "{name}");
    }
}
