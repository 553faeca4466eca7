//! casbin, with one rule per symbol, and with one rule for a group that contains all symbols. The
//! matcher compares the fields of a rule as text, so it cannot check the leverage of a symbol. The
//! limit of the size is a part of the matcher.

use casbin::{CoreApi as _, DefaultModel, Enforcer, MemoryAdapter, MgmtApi as _};

use super::Peer;
use crate::{
    Failure,
    asks::{Ask, CENTS_MAX, Part, universe},
};

/// casbin, called through `Enforcer::enforce`.
pub(crate) struct Casbin {
    way: &'static str,
    enforcer: Enforcer,
    requests: Vec<(String, i32)>,
}

impl Casbin {
    /// Creates an enforcer with a single rule for the group of all symbols.
    pub(crate) fn group(asks: &[Ask]) -> Result<Self, Failure> {
        let rules = vec![vec!["universe".to_owned()]];
        let mut casbin = Self::new("one rule for a group", "g(r.symbol, p.symbol)", rules, asks)?;
        let members = universe()
            .map(|(symbol, _)| vec![symbol, "universe".to_owned()])
            .collect();
        pollster::block_on(casbin.enforcer.add_grouping_policies(members))?;
        Ok(casbin)
    }

    /// Creates an enforcer with one rule per symbol. The rules are tried in order.
    pub(crate) fn rules(asks: &[Ask]) -> Result<Self, Failure> {
        let rules = universe().map(|(symbol, _)| vec![symbol]).collect();
        Self::new("40 rules", "r.symbol == p.symbol", rules, asks)
    }

    fn new(
        way: &'static str,
        symbol: &str,
        rules: Vec<Vec<String>>,
        asks: &[Ask],
    ) -> Result<Self, Failure> {
        let model = format!(
            "[request_definition]\nr = symbol, cents\n\
             [policy_definition]\np = symbol\n\
             [role_definition]\ng = _, _\n\
             [policy_effect]\ne = some(where (p.eft == allow))\n\
             [matchers]\nm = r.cents > 0 && r.cents <= {CENTS_MAX} && {symbol}\n"
        );
        let enforcer = pollster::block_on(async {
            let model = DefaultModel::from_str(&model).await?;
            let mut enforcer = Enforcer::new(model, MemoryAdapter::default()).await?;
            enforcer.add_policies(rules).await?;
            Ok::<_, casbin::Error>(enforcer)
        })?;
        Ok(Self {
            way,
            enforcer,
            requests: asks.iter().map(|ask| (ask.symbol(), ask.cents)).collect(),
        })
    }
}

impl Peer for Casbin {
    fn package(&self) -> &'static str {
        "casbin"
    }

    fn way(&self) -> &'static str {
        self.way
    }

    fn part(&self) -> Part {
        Part::SymbolAndSize
    }

    fn pass(&mut self, yes: &mut Vec<bool>) -> Result<(), Failure> {
        for (symbol, cents) in &self.requests {
            yes.push(self.enforcer.enforce((symbol.as_str(), *cents))?);
        }
        Ok(())
    }
}
