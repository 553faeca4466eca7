//! Conversion of `case` patterns.

use ruff_python_ast::{Pattern as Case, Singleton};

use super::Reader;
use crate::tree::{Node, Pattern};

impl Reader<'_> {
    pub(super) fn pattern(&self, case: &Case) -> Pattern {
        if let Case::MatchSingleton(it) = case
            && it.value == Singleton::None
        {
            return Pattern::Absent;
        }
        let mut values = Vec::new();
        self.parts(case, &mut values);
        Pattern::Other(values)
    }

    fn parts(&self, case: &Case, values: &mut Vec<Node>) {
        let mut all = |cases: &[Case]| cases.iter().for_each(|case| self.parts(case, values));
        match case {
            Case::MatchValue(it) => values.push(self.expression(&it.value)),
            Case::MatchSingleton(_) => {}
            Case::MatchSequence(it) => all(&it.patterns),
            Case::MatchMapping(it) => all(&it.patterns),
            Case::MatchClass(it) => {
                all(&it.arguments.patterns);
                for keyword in &it.arguments.keywords {
                    self.parts(&keyword.pattern, values);
                }
            }
            Case::MatchStar(_) => {}
            Case::MatchAs(it) => {
                if let Some(pattern) = &it.pattern {
                    self.parts(pattern, values);
                }
            }
            Case::MatchOr(it) => all(&it.patterns),
        }
    }
}
