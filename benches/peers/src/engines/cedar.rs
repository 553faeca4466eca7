//! Cedar, with one policy, and the universe as a group of entities with a leverage attribute. Requests are built before
//! the measurement.

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, PolicySet, Request,
    RestrictedExpression,
};

use super::Peer;
use crate::{
    Failure,
    asks::{Ask, CENTS_MAX, Part, universe},
};

/// Cedar, called through `Authorizer::is_authorized`.
pub(crate) struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
    requests: Vec<Request>,
}

impl Cedar {
    pub(crate) fn new(asks: &[Ask]) -> Result<Self, Failure> {
        let policy = format!(
            r#"permit(principal, action == Action::"enter", resource in Universe::"policy")
               when {{ context.leverage <= resource.leverage && context.cents > 0 && context.cents <= {CENTS_MAX} }};"#
        );
        let group: EntityUid = r#"Universe::"policy""#.parse()?;
        let mut entities = vec![Entity::new_no_attrs(group.clone(), [].into())];
        for (symbol, leverage) in universe() {
            let leverage = RestrictedExpression::new_long(leverage.into());
            entities.push(Entity::new(
                format!(r#"Symbol::"{symbol}""#).parse()?,
                [("leverage".to_owned(), leverage)].into(),
                [group.clone()].into(),
            )?);
        }
        Ok(Self {
            authorizer: Authorizer::new(),
            policies: policy.parse()?,
            entities: Entities::from_entities(entities, None)?,
            requests: asks.iter().map(request).collect::<Result<_, _>>()?,
        })
    }
}

impl Peer for Cedar {
    fn package(&self) -> &'static str {
        "cedar-policy"
    }

    fn way(&self) -> &'static str {
        "one policy, 40 entities"
    }

    fn part(&self) -> Part {
        Part::Whole
    }

    fn pass(&mut self, yes: &mut Vec<bool>) -> Result<(), Failure> {
        yes.extend(self.requests.iter().map(|request| {
            let response = self
                .authorizer
                .is_authorized(request, &self.policies, &self.entities);
            response.decision() == Decision::Allow
        }));
        Ok(())
    }
}

fn request(ask: &Ask) -> Result<Request, Failure> {
    let side = if ask.buys { "BUY" } else { "SELL" };
    let context = Context::from_pairs([
        (
            "side".to_owned(),
            RestrictedExpression::new_string(side.to_owned()),
        ),
        (
            "leverage".to_owned(),
            RestrictedExpression::new_long(ask.leverage.into()),
        ),
        (
            "cents".to_owned(),
            RestrictedExpression::new_long(ask.cents.into()),
        ),
    ])?;
    Ok(Request::new(
        r#"Source::"momentum""#.parse()?,
        r#"Action::"enter""#.parse()?,
        format!(r#"Symbol::"{}""#, ask.symbol()).parse()?,
        context,
        None,
    )?)
}
