//! One tree for both languages: what a checker has to know of a program, and nothing of how it is spelled.
//!
//! Each reader in `read/` turns a file into a [`Node`]; the checks know no language.

/// Where a node begins: line and column count from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// A piece of a program, and where it begins.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) at: At,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// A number as it is worth, its sign included.
    Number(f64),
    /// A text; of one that is put together, the parts that are known.
    Text(String),
    Truth(bool),
    /// `None`, `null`, `()`.
    Nothing,
    /// A name; of a path (`Leverage::new`) its parts, joined by `::`.
    Name(String),
    /// `of.name`; it stands where its name does.
    Field(Box<Node>, String),
    /// `of[key]`
    Index(Box<Node>, Box<Node>),
    /// A function, method, constructor or macro that is called. A method's callee is a [`Kind::Field`] of what it is
    /// called on; `Some(x)`, `Ok(x)` and `dec!(x)` are calls of `Some`, `Ok` and `dec`.
    Call(Call),
    /// A dictionary, a struct literal (`name` is its type's), a `json!` object, a table of a file.
    Record {
        name: Option<String>,
        entries: Vec<Entry>,
    },
    /// A list, tuple, set or array.
    List(Vec<Node>),
    /// A comprehension: what is made, and what over.
    Each {
        made: Box<Node>,
        over: Box<Node>,
    },
    /// `left op right` of numbers; `op` as it is written, without `=` for `+=`.
    Arithmetic(Operator, Box<Node>, Box<Node>),
    /// `left op right` that is true or not; of a chain, one after the other in an [`Kind::And`].
    Compare(Comparison, Box<Node>, Box<Node>),
    Not(Box<Node>),
    And(Box<Node>, Box<Node>),
    /// Python's `or`, which gives its right side where the left is empty; Rust's `||`.
    Or(Box<Node>, Box<Node>),
    /// A value that fits a pattern: the condition of `if let`, `while let`, `matches!`.
    Fits(Box<Pattern>, Box<Node>),
    /// A statement or an expression.
    If {
        condition: Box<Node>,
        then: Box<Node>,
        otherwise: Option<Box<Node>>,
    },
    Match {
        on: Box<Node>,
        arms: Vec<Arm>,
    },
    /// Statements in order. In Rust the last one is its value, where `has_value`.
    Block {
        nodes: Vec<Node>,
        has_value: bool,
    },
    /// An assignment or a declaration with a value.
    Bind(Bind),
    Leave(Leaving, Option<Box<Node>>),
    /// A loop, with its target where it has one.
    Loop {
        target: Option<Box<Node>>,
        over: Option<Box<Node>>,
        body: Box<Node>,
    },
    /// Python's `try`; `with suppress(…)` is one whose handler is empty.
    Try {
        body: Box<Node>,
        handlers: Vec<Handler>,
        /// `else` and `finally`.
        after: Vec<Node>,
    },
    /// Rust's `?`: leaves where there is nothing.
    Question(Box<Node>),
    /// A function, method, lambda or closure.
    Function(Box<Function>),
    /// A class, struct, enum, trait, or the methods of one (`impl`).
    Class(Class),
    /// What none of the above is; what it is made of.
    Other(Vec<Node>),
}

#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) callee: Box<Node>,
    pub(crate) arguments: Vec<Argument>,
    /// `name!(…)` of Rust.
    pub(crate) is_macro: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Argument {
    /// The keyword; `None` by position. `**x` is an argument by position whose value is [`Kind::Other`].
    pub(crate) name: Option<String>,
    pub(crate) value: Node,
}

/// A key that is a text or a name is its `name`; another is none, and stands in `key`.
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
    /// Rust's `let … else`.
    pub(crate) otherwise: Option<Box<Node>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binding {
    /// `x = …`, `let x = …`.
    Assign,
    /// `x += …`; its value is the right side alone, as an [`Kind::Arithmetic`] of target and right side.
    Update,
    /// `const`, `static`.
    Constant,
    /// A field of a class with a default: a class attribute of Python, a field with `#[serde(default = "f")]` (its value
    /// is a call of `f`), `#[serde(default)]` (a call of `Default::default`), `#[arg(default_value_t = 10)]`.
    Field,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    /// Every other: remainder, power, shifts, bits.
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
    /// `assert`, `assert!`: leaves where its value is false.
    Assert,
    Yield,
}

#[derive(Debug, Clone)]
pub(crate) enum Pattern {
    /// `Some(x)`, `Ok(x)`: something is there.
    Present,
    /// `None`.
    Absent,
    /// `Err(e)`.
    Failed,
    /// Everything else: `_`, a name, a literal, a class; the values that it compares with.
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
    /// Empty for a lambda or closure.
    pub(crate) name: String,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Node,
}

#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    /// The words of its type as they stand there.
    pub(crate) declared: Option<String>,
    pub(crate) default: Option<Node>,
}

#[derive(Debug, Clone)]
pub(crate) struct Class {
    pub(crate) name: String,
    /// The trait of an `impl Trait for name`, the base classes, the derives.
    pub(crate) of: Vec<String>,
    /// Fields with a default as binds of kind [`Binding::Field`], functions, classes.
    pub(crate) body: Vec<Node>,
    /// Fields without a default: their name and type.
    pub(crate) fields: Vec<Parameter>,
}

impl Node {
    /// The last part of a name: `new` of `Leverage::new`, `get` of `self.params.get`.
    pub(crate) fn last_name(&self) -> Option<&str> {
        if let Kind::Name(name) = &self.kind {
            name.rsplit("::").next()
        } else if let Kind::Field(_, name) = &self.kind {
            Some(name)
        } else {
            None
        }
    }

    /// What it is made of, in the order of the text.
    pub(crate) fn children(&self) -> Vec<&Self> {
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
            Kind::Each { made, over } => vec![over, made],
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
    /// What it compares with.
    pub(crate) fn values(&self) -> &[Node] {
        match self {
            Self::Other(values) => values,
            Self::Present | Self::Absent | Self::Failed => &[],
        }
    }
}
