//! The search for cycles in a graph.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt::Write as _,
};

use crate::imports::Import;

/// Returns the shortest cycle, one import per line. Edges from a node to itself are ignored.
pub(crate) fn find_cycle<'a>(
    edges: impl Iterator<Item = (&'a str, &'a str, &'a Import)>,
) -> Option<String> {
    let mut graph: BTreeMap<&str, BTreeMap<&str, &Import>> = BTreeMap::new();
    for (from, to, import) in edges {
        if from != to {
            graph.entry(from).or_default().entry(to).or_insert(import);
        }
    }
    let cycles = graph
        .keys()
        .filter_map(|start| cycle_through(start, &graph));
    let shortest = cycles.min_by_key(Vec::len)?;
    let mut text = String::new();
    for import in shortest {
        writeln!(text, "{import}").unwrap();
    }
    Some(text)
}

/// Returns the shortest cycle through a node, by breadth-first search.
fn cycle_through<'a>(
    start: &'a str,
    graph: &BTreeMap<&'a str, BTreeMap<&'a str, &'a Import>>,
) -> Option<Vec<&'a Import>> {
    let mut seen = BTreeSet::new();
    let mut queue = VecDeque::from([(start, Vec::new())]);
    while let Some((node, path)) = queue.pop_front() {
        for (next, import) in graph.get(node).into_iter().flatten() {
            let mut path = path.clone();
            path.push(*import);
            if *next == start {
                return Some(path);
            }
            if seen.insert(*next) {
                queue.push_back((*next, path));
            }
        }
    }
    None
}
