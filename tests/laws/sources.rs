//! Evaluation of sources: fields of an input, or expressions over such fields.

use crate::{
    answered::Answered,
    strategies::{GuardrailsDraft, IntentDraft, PolicyInput, PositionDraft},
};

/// The inputs and the answer that a source may refer to.
pub(crate) struct Inputs<'a> {
    pub(crate) policy: &'a PolicyInput,
    pub(crate) guardrails: Option<&'a GuardrailsDraft>,
    pub(crate) intent: Option<&'a IntentDraft>,
    pub(crate) position: Option<&'a PositionDraft>,
    /// The answer, for numbers that were computed from other numbers of the same answer.
    pub(crate) answer: &'a Answered,
}

impl Inputs<'_> {
    /// Evaluates a source. Returns `None` if it names a field that has no number.
    pub(crate) fn value(&self, source: &str) -> Option<f64> {
        let mut expression = Expression {
            rest: source,
            scope: None,
            inputs: self,
        };
        let value = expression.sum()?;
        expression.rest.is_empty().then_some(value)
    }

    fn field(&self, scope: Option<&str>, name: &str) -> Option<f64> {
        match scope {
            Some("policy") => self.policy.draft()?.number(name),
            Some("guardrails") => self.guardrails?.number(name),
            Some("intent") if name == "notional" => self.intent?.notional(),
            Some("intent") => self.intent?.number(name),
            Some("position") => self.position?.number(name),
            None => match name {
                "leverage" => self.answer.number("leverage"),
                "margin" => self.answer.number("margin_usd"),
                "notional" => self.answer.number("notional_usd"),
                // This is the price that was multiplied by the quantity: `price` or, if absent,
                // `entry_price`.
                "price" => self
                    .intent?
                    .number("price")
                    .or_else(|| self.intent?.number("entry_price")),
                number => number.parse().ok(),
            },
            Some(_) => None,
        }
    }
}

/// A parser of sums, products and parentheses, evaluated from left to right.
struct Expression<'a, 'i> {
    rest: &'a str,
    /// The input of a name that has no input prefix.
    scope: Option<&'a str>,
    inputs: &'i Inputs<'i>,
}

impl Expression<'_, '_> {
    fn sum(&mut self) -> Option<f64> {
        let mut value = self.product()?;
        loop {
            if self.takes('+') {
                value += self.product()?;
            } else if self.takes('-') {
                value -= self.product()?;
            } else {
                return Some(value);
            }
        }
    }

    fn product(&mut self) -> Option<f64> {
        let mut value = self.factor()?;
        loop {
            if self.takes('*') {
                value *= self.factor()?;
            } else if self.takes('/') {
                value /= self.factor()?;
            } else {
                return Some(value);
            }
        }
    }

    fn factor(&mut self) -> Option<f64> {
        if self.takes('(') {
            let value = self.sum()?;
            return self.takes(')').then_some(value);
        }
        let end = self.rest.find(['+', '-', '*', '/', '(', ')']);
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        if name.parse::<f64>().is_ok() {
            return name.parse().ok();
        }
        match name.split_once(':') {
            Some((scope, field)) => {
                self.scope = Some(scope);
                self.inputs.field(self.scope, field)
            }
            None => self.inputs.field(self.scope, name),
        }
    }

    fn takes(&mut self, sign: char) -> bool {
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}
