//! Printing of a tree on one line.

use crate::tree::{
    Arm, Bind, Binding, Call, Class, Comparison, Entry, Function, Kind, Leaving, Node, Operator,
    Parameter, Pattern,
};

pub(super) fn print(node: &Node) -> String {
    match &node.kind {
        Kind::Number(number) => number.to_string(),
        Kind::Text(text) => format!("{text:?}"),
        Kind::Truth(truth) => truth.to_string(),
        Kind::Nothing => "none".to_owned(),
        Kind::Name(name) => name.clone(),
        Kind::Field(of, name) => format!("{}.{name}", print(of)),
        Kind::Index(of, key) => format!("{}[{}]", print(of), print(key)),
        Kind::Call(call) => called(call),
        Kind::Record { name, entries } => {
            format!(
                "{}{{{}}}",
                name.as_deref().unwrap_or_default(),
                row(entries, ", ", entry)
            )
        }
        Kind::List(nodes) => format!("[{}]", row(nodes, ", ", print)),
        Kind::Comprehension { element, over } => {
            format!("[{} for {}]", print(element), print(over))
        }
        Kind::Arithmetic(operator, left, right) => {
            let operator = match operator {
                Operator::Add => "+",
                Operator::Subtract => "-",
                Operator::Multiply => "*",
                Operator::Divide => "/",
                Operator::Another => "?",
            };
            format!("({} {operator} {})", print(left), print(right))
        }
        Kind::Compare(comparison, left, right) => {
            let comparison = match comparison {
                Comparison::Equal => "==",
                Comparison::Unequal => "!=",
                Comparison::Less => "<",
                Comparison::LessOrEqual => "<=",
                Comparison::Greater => ">",
                Comparison::GreaterOrEqual => ">=",
                Comparison::In => "in",
                Comparison::NotIn => "not in",
            };
            format!("({} {comparison} {})", print(left), print(right))
        }
        Kind::Not(of) => format!("!{}", print(of)),
        Kind::And(left, right) => format!("({} && {})", print(left), print(right)),
        Kind::Or(left, right) => format!("({} || {})", print(left), print(right)),
        Kind::Fits(of, value) => format!("(~{} {})", pattern(of), print(value)),
        Kind::If {
            condition,
            then,
            otherwise,
        } => {
            let otherwise = otherwise
                .iter()
                .map(|it| format!(" else {}", print(it)))
                .collect::<String>();
            format!("if {} {}{otherwise}", print(condition), print(then))
        }
        Kind::Match { on, arms } => format!("match {} [{}]", print(on), row(arms, ", ", arm)),
        Kind::Block { nodes, has_value } => {
            let end = if *has_value || nodes.is_empty() {
                ""
            } else {
                ";"
            };
            format!("{{{}{end}}}", row(nodes, "; ", print))
        }
        Kind::Bind(bind) => bound(bind),
        Kind::Leave(leaving, value) => left(*leaving, value.as_deref()),
        Kind::Loop { target, over, body } => {
            let target = target
                .iter()
                .map(|it| format!("{} in ", print(it)))
                .collect::<String>();
            let over = over
                .iter()
                .map(|it| format!("{} ", print(it)))
                .collect::<String>();
            format!("loop {target}{over}{}", print(body))
        }
        Kind::Try { body, .. } => format!("try {}", print(body)),
        Kind::Question(of) => format!("{}?", print(of)),
        Kind::Function(it) => function(it),
        Kind::Class(it) => class(it),
        Kind::Other(nodes) => format!("<{}>", row(nodes, " ", print)),
    }
}

fn row<T>(all: &[T], between: &str, one: impl Fn(&T) -> String) -> String {
    all.iter().map(one).collect::<Vec<_>>().join(between)
}

fn called(call: &Call) -> String {
    let arguments = row(&call.arguments, ", ", |it| match &it.name {
        Some(name) => format!("{name}={}", print(&it.value)),
        None => print(&it.value),
    });
    format!(
        "{}{}({arguments})",
        print(&call.callee),
        if call.is_macro { "!" } else { "" }
    )
}

fn entry(entry: &Entry) -> String {
    match (&entry.name, &entry.key) {
        (Some(name), _) => format!("{name}: {}", print(&entry.value)),
        (None, Some(key)) => format!("[{}]: {}", print(key), print(&entry.value)),
        (None, None) => print(&entry.value),
    }
}

fn pattern(of: &Pattern) -> String {
    match of {
        Pattern::Present => "some".to_owned(),
        Pattern::Absent => "absent".to_owned(),
        Pattern::Failed => "failed".to_owned(),
        Pattern::Other(values) if values.is_empty() => "_".to_owned(),
        Pattern::Other(values) => format!("(if {})", row(values, " ", print)),
    }
}

fn arm(arm: &Arm) -> String {
    let guard = arm
        .guard
        .iter()
        .map(|it| format!(" when {}", print(it)))
        .collect::<String>();
    format!("{}{guard} => {}", pattern(&arm.pattern), print(&arm.body))
}

fn bound(bind: &Bind) -> String {
    let kind = match bind.kind {
        Binding::Assign => "",
        Binding::Update => "update ",
        Binding::Constant => "const ",
        Binding::Field => "field ",
    };
    let otherwise = bind
        .otherwise
        .iter()
        .map(|it| format!(" else {}", print(it)))
        .collect::<String>();
    format!(
        "{kind}{} = {}{otherwise}",
        print(&bind.target),
        print(&bind.value)
    )
}

fn left(leaving: Leaving, value: Option<&Node>) -> String {
    let leaving = match leaving {
        Leaving::Return => "return",
        Leaving::Raise => "raise",
        Leaving::Continue => "continue",
        Leaving::Break => "break",
        Leaving::Assert => "assert",
        Leaving::Yield => "yield",
    };
    value.map_or_else(
        || leaving.to_owned(),
        |value| format!("{leaving} {}", print(value)),
    )
}

fn function(it: &Function) -> String {
    format!(
        "fn {}({}) {}",
        it.name,
        row(&it.parameters, ", ", parameter),
        print(&it.body)
    )
}

fn parameter(it: &Parameter) -> String {
    it.declared.as_ref().map_or_else(
        || it.name.clone(),
        |declared| format!("{}: {declared}", it.name),
    )
}

fn class(it: &Class) -> String {
    let of = if it.of.is_empty() {
        String::new()
    } else {
        format!(" of {}", it.of.join(" "))
    };
    let parts: Vec<String> = it
        .body
        .iter()
        .map(print)
        .chain(it.fields.iter().map(parameter))
        .collect();
    format!("class {}{of} [{}]", it.name, parts.join(", "))
}
