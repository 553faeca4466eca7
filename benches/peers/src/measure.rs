//! Measurement. The engines take turns in each round, so that drift of the machine affects all of
//! them alike, and every answer is checked.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::time::Instant;

use crate::{
    Failure,
    asks::{Ask, Part},
    engines::Peer,
};

/// The measured time per decision of one engine.
pub(crate) struct Figure {
    pub(crate) package: &'static str,
    pub(crate) way: &'static str,
    pub(crate) part: Part,
    /// The number of intents that this part of the gate permits.
    pub(crate) yes: usize,
    pub(crate) nanos: Spread,
    /// The ratio of the time to the time of `Engine::decide` in the same round.
    pub(crate) ratio: Spread,
}

impl Figure {
    /// Returns true if the engine is Portcullis.
    pub(crate) fn is_ours(&self) -> bool {
        self.package == REFERENCE.0
    }
}

/// The lowest, median and highest value of several rounds.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) most: f64,
}

/// The crate and the use of the engine with which the others are compared.
const REFERENCE: (&str, &str) = ("portcullis", "decide");

/// Measures `rounds` rounds of every engine, after a warm-up round.
pub(crate) fn measure(
    peers: &mut [Box<dyn Peer>],
    asks: &[Ask],
    rounds: usize,
) -> Result<Vec<Figure>, Failure> {
    let mut yes = Vec::with_capacity(asks.len());
    let mut passes = Vec::with_capacity(rounds);
    for peer in &mut *peers {
        pass(peer.as_mut(), asks, &mut yes)?;
    }
    for _ in 0..rounds {
        let pass = |peer: &mut Box<dyn Peer>| pass(peer.as_mut(), asks, &mut yes);
        passes.push(peers.iter_mut().map(pass).collect::<Result<Vec<_>, _>>()?);
    }
    let reference = peers
        .iter()
        .position(|peer| (peer.package(), peer.way()) == REFERENCE)
        .ok_or("the reference `decide` is not among the engines")?;
    let column = |index: usize| passes.iter().filter_map(move |round| round.get(index));
    let figure = |(index, peer): (usize, &dyn Peer)| {
        let ratios = column(index)
            .zip(column(reference))
            .map(|(pass, reference)| pass / reference);
        Figure {
            package: peer.package(),
            way: peer.way(),
            part: peer.part(),
            yes: asks.iter().filter(|ask| peer.part().is_open(ask)).count(),
            nanos: Spread::of(column(index).copied()),
            ratio: Spread::of(ratios),
        }
    };
    let mut figures: Vec<Figure> = peers
        .iter()
        .map(AsRef::as_ref)
        .enumerate()
        .map(figure)
        .collect();
    figures.sort_by(|a, b| a.nanos.median.total_cmp(&b.nanos.median));
    Ok(figures)
}

/// Runs one pass, checks every answer, and returns the nanoseconds per decision.
fn pass(peer: &mut dyn Peer, asks: &[Ask], yes: &mut Vec<bool>) -> Result<f64, Failure> {
    yes.clear();
    peer.prepare();
    let start = Instant::now();
    peer.pass(yes)?;
    let took = start.elapsed();
    let (name, part) = (peer.package(), peer.part());
    if yes.len() != asks.len() {
        let (answers, asks) = (yes.len(), asks.len());
        return Err(format!("`{name}` returned {answers} answers to {asks} intents").into());
    }
    if let Some((ask, yes)) = asks
        .iter()
        .zip(yes.iter())
        .find(|(ask, yes)| part.is_open(ask) != **yes)
    {
        return Err(format!("`{name}` answered {yes} to {ask:?}; expected {}", !yes).into());
    }
    Ok(took.as_secs_f64() * 1e9 / f64::from(u32::try_from(asks.len())?))
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        Self {
            least: at(0),
            median: at(sorted.len() / 2),
            most: at(sorted.len().saturating_sub(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asks::asks;

    /// An engine that computes the correct answers and then changes them with `spoil`.
    struct Liar {
        asks: Vec<Ask>,
        spoil: fn(&mut Vec<bool>),
    }

    impl Peer for Liar {
        fn package(&self) -> &'static str {
            REFERENCE.0
        }

        fn way(&self) -> &'static str {
            REFERENCE.1
        }

        fn part(&self) -> Part {
            Part::Whole
        }

        fn pass(&mut self, yes: &mut Vec<bool>) -> Result<(), Failure> {
            yes.extend(self.asks.iter().map(|ask| Part::Whole.is_open(ask)));
            (self.spoil)(yes);
            Ok(())
        }
    }

    fn check(spoil: fn(&mut Vec<bool>), failure: Option<&str>) {
        let asks = asks();
        let liar = Liar {
            asks: asks.clone(),
            spoil,
        };
        let measured = measure(&mut [Box::new(liar)], &asks, 1);
        match (measured, failure) {
            (Ok(figures), None) => assert_eq!(figures.len(), 1),
            (Err(found), Some(failure)) => {
                let found = found.to_string();
                assert!(found.contains(failure), "{found}");
            }
            (Ok(_), Some(failure)) => panic!("the run succeeded; expected the failure `{failure}`"),
            (Err(found), None) => panic!("{found}"),
        }
    }

    #[test]
    fn one_wrong_answer_ends_the_run() {
        check(|_| {}, None);
        check(|yes| yes[199_999] = !yes[199_999], Some("; expected "));
        check(
            |yes| yes.truncate(199_999),
            Some("199999 answers to 200000 intents"),
        );
    }
}
