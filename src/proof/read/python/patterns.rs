//! The patterns of `case`.

use ruff_python_ast::{Pattern as Case, Singleton};

use super::Reader;
use crate::proof::tree::{Node, Pattern};

impl Reader<'_> {
    pub(super) fn pattern(&self, case: &Case) -> Pattern {
        if let Case::MatchSingleton(it) = case
            && it.value == Singleton::None
        {
            return Pattern::Absent;
        }
        let (mut names, mut values) = (Vec::new(), Vec::new());
        self.parts(case, &mut names, &mut values);
        Pattern::Other { names, values }
    }

    fn parts(&self, case: &Case, names: &mut Vec<String>, values: &mut Vec<Node>) {
        let mut all = |cases: &[Case]| {
            cases
                .iter()
                .for_each(|case| self.parts(case, names, values))
        };
        match case {
            Case::MatchValue(it) => values.push(self.expression(&it.value)),
            Case::MatchSingleton(_) => {}
            Case::MatchSequence(it) => all(&it.patterns),
            Case::MatchMapping(it) => all(&it.patterns),
            Case::MatchClass(it) => {
                all(&it.arguments.patterns);
                for keyword in &it.arguments.keywords {
                    self.parts(&keyword.pattern, names, values);
                }
            }
            Case::MatchStar(it) => names.extend(it.name.as_ref().map(ToString::to_string)),
            Case::MatchAs(it) => {
                names.extend(it.name.as_ref().map(ToString::to_string));
                if let Some(pattern) = &it.pattern {
                    self.parts(pattern, names, values);
                }
            }
            Case::MatchOr(it) => all(&it.patterns),
        }
    }
}
