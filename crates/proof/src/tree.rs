//! A syntax tree common to all languages.
//!
//! Each reader in `read/` converts a file into a [`Node`]. The checks work on nodes and do not depend on a language.

use crate::work::{self, step};

/// The position at which a node begins. Line and column are counted from 1, and the column is
/// counted in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// A part of a program and the position at which it begins.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) at: At,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// A number, with its sign.
    Number(f64),
    /// A string, or the literal parts of an interpolated string.
    Text(String),
    Truth(bool),
    /// `None`, `null`, `()`.
    Nothing,
    /// A name. A path such as `Leverage::new` is one name, with its parts joined by `::`.
    Name(String),
    /// The access `of.name`. The position of the node is the position of the name.
    Field(Box<Node>, String),
    /// The access `of[key]`.
    Index(Box<Node>, Box<Node>),
    /// A call of a function, method, constructor or macro. The callee of a method is a [`Kind::Field`] of its receiver.
    /// `Some(x)`, `Ok(x)` and `dec!(x)` are calls of `Some`, `Ok` and `dec`.
    Call(Call),
    /// A dictionary, a struct literal (`name` is its type), a `json!` object, or a table of a settings file.
    Record {
        name: Option<String>,
        entries: Vec<Entry>,
    },
    /// A list, tuple, set or array.
    List(Vec<Node>),
    /// A comprehension: the element expression and the iterable.
    Comprehension {
        element: Box<Node>,
        over: Box<Node>,
    },
    /// `left op right` with an arithmetic operator. For `+=`, the operator is `+`.
    Arithmetic(Operator, Box<Node>, Box<Node>),
    /// `left op right` with a comparison operator. A chain becomes several comparisons joined by [`Kind::And`].
    Compare(Comparison, Box<Node>, Box<Node>),
    Not(Box<Node>),
    And(Box<Node>, Box<Node>),
    /// Python's `or`, which evaluates to its right side if the left is falsy; Rust's `||`.
    Or(Box<Node>, Box<Node>),
    /// A test of a value against a pattern: the condition of `if let`, `while let` or `matches!`.
    Fits(Box<Pattern>, Box<Node>),
    /// An `if` statement or expression.
    If {
        condition: Box<Node>,
        then: Box<Node>,
        otherwise: Option<Box<Node>>,
    },
    Match {
        on: Box<Node>,
        arms: Vec<Arm>,
    },
    /// Statements in order. If `has_value` is true, the last one is the value of the block (Rust).
    Block {
        nodes: Vec<Node>,
        has_value: bool,
    },
    /// An assignment or a declaration with a value.
    Bind(Bind),
    Leave(Leaving, Option<Box<Node>>),
    /// A loop, with its loop variable if it has one.
    Loop {
        target: Option<Box<Node>>,
        over: Option<Box<Node>>,
        body: Box<Node>,
    },
    /// Python's `try`. `with suppress(…)` is a `try` with an empty handler.
    Try {
        body: Box<Node>,
        handlers: Vec<Handler>,
        /// The statements of the `else` and `finally` blocks.
        after: Vec<Node>,
    },
    /// Rust's operator `?`.
    Question(Box<Node>),
    /// A function, method, lambda or closure.
    Function(Box<Function>),
    /// A class, struct, enum, trait or `impl` block.
    Class(Class),
    /// Any other construct, with the nodes in it.
    Other(Vec<Node>),
}

#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) callee: Box<Node>,
    pub(crate) arguments: Vec<Argument>,
    /// True for a Rust macro call, `name!(…)`.
    pub(crate) is_macro: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Argument {
    /// The keyword of the argument; `None` for a positional argument. `**x` is a positional
    /// argument whose value is [`Kind::Other`].
    pub(crate) name: Option<String>,
    pub(crate) value: Node,
}

/// An entry of a record. If the key is a string or a name, it is in `name`; any other key expression is in `key`.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) at: At,
    pub(crate) name: Option<String>,
    pub(crate) key: Option<Node>,
    pub(crate) value: Node,
}

#[derive(Debug, Clone)]
pub(crate) struct Bind {
    pub(crate) target: Box<Node>,
    pub(crate) value: Box<Node>,
    pub(crate) kind: Binding,
    /// The `else` block of Rust's `let … else`.
    pub(crate) otherwise: Option<Box<Node>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binding {
    /// `x = …`, `let x = …`.
    Assign,
    /// `x += …`. The value is a [`Kind::Arithmetic`] of the target and the right side.
    Update,
    /// `const`, `static`.
    Constant,
    /// A field with a default: a Python class attribute, or a Rust field with `#[serde(default = "f")]` (the value is a
    /// call of `f`), `#[serde(default)]` (a call of `Default::default`) or `#[arg(default_value_t = 10)]`.
    Field,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    /// Any other operator: remainder, power, shifts, bitwise operators.
    Another,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// `==`, `is`
    Equal,
    /// `!=`, `is not`
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaving {
    Return,
    /// `raise`, `panic!`, `bail!`, `unreachable!`, `sys.exit`, `process::exit`.
    Raise,
    Continue,
    Break,
    /// `assert`, `assert!`: leaves if the condition is false.
    Assert,
    Yield,
}

#[derive(Debug, Clone)]
pub(crate) enum Pattern {
    /// The pattern `Some(x)` or `Ok(x)`.
    Present,
    /// The pattern `None`.
    Absent,
    /// The pattern `Err(e)`.
    Failed,
    /// Any other pattern (`_`, a name, a literal, a class), with the values that it compares with.
    Other(Vec<Node>),
}

#[derive(Debug, Clone)]
pub(crate) struct Arm {
    pub(crate) at: At,
    pub(crate) pattern: Pattern,
    pub(crate) guard: Option<Node>,
    pub(crate) body: Node,
}

#[derive(Debug, Clone)]
pub(crate) struct Handler {
    pub(crate) at: At,
    pub(crate) body: Node,
}

#[derive(Debug, Clone)]
pub(crate) struct Function {
    /// The name; empty for a lambda or closure.
    pub(crate) name: String,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Node,
}

#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    /// The type, as source text.
    pub(crate) declared: Option<String>,
    pub(crate) default: Option<Node>,
}

#[derive(Debug, Clone)]
pub(crate) struct Class {
    pub(crate) name: String,
    /// The trait of an `impl Trait for name`, the base classes, or the derives.
    pub(crate) of: Vec<String>,
    /// Fields with a default (as bindings of kind [`Binding::Field`]), functions and classes.
    pub(crate) body: Vec<Node>,
    /// Fields without a default.
    pub(crate) fields: Vec<Parameter>,
}

impl Node {
    /// Returns the last part of a name: `new` for `Leverage::new`, `get` for `self.params.get`.
    pub(crate) fn last_name(&self) -> Option<&str> {
        if let Kind::Name(name) = &self.kind {
            name.rsplit("::").next()
        } else if let Kind::Field(_, name) = &self.kind {
            Some(name)
        } else {
            None
        }
    }

    /// Returns a copy. The nodes of a copy are counted like new ones.
    pub(crate) fn duplicate(&self) -> Self {
        let mut rest = vec![self];
        while let Some(node) = rest.pop() {
            work::node();
            rest.extend(node.children());
        }
        self.clone()
    }

    /// Returns the child nodes, in source order.
    pub(crate) fn children(&self) -> Vec<&Self> {
        step();
        match &self.kind {
            Kind::Number(_) | Kind::Text(_) | Kind::Truth(_) | Kind::Nothing | Kind::Name(_) => {
                Vec::new()
            }
            Kind::Field(of, _) | Kind::Not(of) | Kind::Question(of) => vec![of],
            Kind::Index(left, right)
            | Kind::Arithmetic(_, left, right)
            | Kind::Compare(_, left, right)
            | Kind::And(left, right)
            | Kind::Or(left, right) => vec![left, right],
            Kind::Call(call) => std::iter::once(&*call.callee)
                .chain(call.arguments.iter().map(|it| &it.value))
                .collect(),
            Kind::Record { entries, .. } => entries
                .iter()
                .flat_map(|entry| entry.key.iter().chain([&entry.value]))
                .collect(),
            Kind::List(nodes) | Kind::Other(nodes) | Kind::Block { nodes, .. } => {
                nodes.iter().collect()
            }
            Kind::Comprehension { element, over } => vec![over, element],
            Kind::Fits(pattern, value) => pattern.values().iter().chain([&**value]).collect(),
            Kind::If {
                condition,
                then,
                otherwise,
            } => [&**condition, &**then]
                .into_iter()
                .chain(otherwise.as_deref())
                .collect(),
            Kind::Match { on, arms } => {
                let parts = arms.iter().flat_map(|arm| {
                    arm.pattern
                        .values()
                        .iter()
                        .chain(&arm.guard)
                        .chain([&arm.body])
                });
                std::iter::once(&**on).chain(parts).collect()
            }
            Kind::Bind(bind) => [&*bind.target, &*bind.value]
                .into_iter()
                .chain(bind.otherwise.as_deref())
                .collect(),
            Kind::Leave(_, value) => value.as_deref().into_iter().collect(),
            Kind::Loop { target, over, body } => target
                .as_deref()
                .into_iter()
                .chain(over.as_deref())
                .chain([&**body])
                .collect(),
            Kind::Try {
                body,
                handlers,
                after,
            } => std::iter::once(&**body)
                .chain(handlers.iter().map(|it| &it.body))
                .chain(after)
                .collect(),
            Kind::Function(function) => function
                .parameters
                .iter()
                .filter_map(|it| it.default.as_ref())
                .chain([&function.body])
                .collect(),
            Kind::Class(class) => class.body.iter().collect(),
        }
    }
}

impl Pattern {
    /// Returns the values that the pattern compares with.
    pub(crate) fn values(&self) -> &[Node] {
        match self {
            Self::Other(values) => values,
            Self::Present | Self::Absent | Self::Failed => &[],
        }
    }
}
