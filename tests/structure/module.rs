//! The modules of the source code, and the resolution of paths to files.

use std::collections::{BTreeMap, BTreeSet};

use syn::{Attribute, Item, UseTree, Visibility};

/// A module with its contents.
#[derive(Default)]
pub(crate) struct Module {
    pub(crate) file: String,
    pub(crate) contents: Vec<Item>,
    parent: Option<usize>,
    modules: BTreeMap<String, usize>,
    items: BTreeSet<String>,
    /// The paths of imported and re-exported names.
    uses: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    /// The names that the module re-exports.
    pub(crate) exports: BTreeSet<String>,
}

/// The modules of all crates.
pub(crate) struct Modules {
    all: Vec<Module>,
    /// The root modules by crate name.
    crates: BTreeMap<String, usize>,
}

/// The place that a path leads to.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    Module(usize),
    /// An item of the module with this index.
    Item(usize),
}

/// The longest chain of re-exports that is followed.
const DEPTH_MAX: usize = 16;

impl Modules {
    /// Parses files by path, from the roots `src/lib.rs` and `src/main.rs` of each crate.
    pub(crate) fn new(files: &BTreeMap<String, String>) -> Self {
        let mut modules = Self {
            all: Vec::new(),
            crates: BTreeMap::new(),
        };
        for path in files.keys() {
            let root = path
                .strip_suffix("/lib.rs")
                .or(path.strip_suffix("/main.rs"));
            let Some(folder) = root.filter(|it| it.ends_with("src")) else {
                continue;
            };
            let name = match folder.rsplit('/').nth(1) {
                Some(name) => format!("portcullis_{name}"),
                None => "portcullis".to_owned(),
            };
            let root = modules.add_file(files, path, folder, None);
            modules.crates.insert(name, root);
        }
        modules
    }

    fn add_file(
        &mut self,
        files: &BTreeMap<String, String>,
        path: &str,
        folder: &str,
        parent: Option<usize>,
    ) -> usize {
        let text = files.get(path).unwrap_or_else(|| panic!("no file {path}"));
        let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        self.add(files, path, folder, parent, parsed.items)
    }

    fn add(
        &mut self,
        files: &BTreeMap<String, String>,
        file: &str,
        folder: &str,
        parent: Option<usize>,
        contents: Vec<Item>,
    ) -> usize {
        let id = self.all.len();
        self.all.push(Module {
            file: file.to_owned(),
            parent,
            ..Module::default()
        });
        let mut kept = Vec::new();
        for item in contents {
            if is_test(attributes(&item)) {
                continue;
            }
            match item {
                Item::Mod(item) => {
                    let name = item.ident.to_string();
                    let inside = format!("{folder}/{name}");
                    let child = match item.content {
                        Some((_, contents)) => self.add(files, file, &inside, Some(id), contents),
                        None => {
                            let (flat, nested) =
                                (format!("{inside}.rs"), format!("{inside}/mod.rs"));
                            let path = if files.contains_key(&flat) {
                                flat
                            } else {
                                nested
                            };
                            self.add_file(files, &path, &inside, Some(id))
                        }
                    };
                    self.all[id].modules.insert(name, child);
                }
                Item::Use(item) => {
                    self.all[id].add_use(&item);
                    kept.push(Item::Use(item));
                }
                item => {
                    self.all[id].items.extend(name(&item));
                    kept.push(item);
                }
            }
        }
        self.all[id].contents = kept;
        id
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (usize, &Module)> {
        self.all.iter().enumerate()
    }

    /// Returns the path of the file that contains a module.
    pub(crate) fn file(&self, id: usize) -> &str {
        &self.all[id].file
    }

    /// Resolves a path as written in a module. Returns `None` if it leads to another library or to a local name.
    pub(crate) fn resolve(&self, module: usize, path: &[String]) -> Option<Place> {
        self.resolve_within(module, path, DEPTH_MAX)
    }

    fn resolve_within(&self, module: usize, path: &[String], depth: usize) -> Option<Place> {
        let (first, rest) = path.split_first()?;
        let mut place = match first.as_str() {
            "crate" => Place::Module(self.root(module)),
            "self" => Place::Module(module),
            "super" => Place::Module(self.all[module].parent?),
            name => match self.lookup(module, name, rest.is_empty(), depth) {
                Some(place) => place,
                None => Place::Module(*self.crates.get(name)?),
            },
        };
        for (index, name) in rest.iter().enumerate() {
            let Place::Module(id) = place else {
                return Some(place);
            };
            place = match name.as_str() {
                "self" => place,
                "super" => Place::Module(self.all[id].parent?),
                name => self.lookup(id, name, index + 1 == rest.len(), depth)?,
            };
        }
        Some(place)
    }

    /// Finds a name of a module. A name can be both a module and an item. If `is_last` is true, the
    /// item is preferred.
    fn lookup(&self, id: usize, name: &str, is_last: bool, depth: usize) -> Option<Place> {
        let depth = depth.checked_sub(1)?;
        let module = &self.all[id];
        let child = module.modules.get(name).map(|it| Place::Module(*it));
        let item = || {
            if module.items.contains(name) {
                return Some(Place::Item(id));
            }
            if let Some(path) = module.uses.get(name) {
                return self.resolve_outside(id, path, name, depth);
            }
            module
                .globs
                .iter()
                .find_map(|path| match self.resolve_within(id, path, depth)? {
                    Place::Module(other) if other != id => self.lookup(other, name, is_last, depth),
                    Place::Module(_) => None,
                    place @ Place::Item(_) => Some(place),
                })
        };
        match is_last {
            true => item().or(child),
            false => child.or_else(item),
        }
    }

    /// Resolves the path of a `use` declaration. The first name of the path is not looked up among
    /// the names that the declaration itself creates.
    fn resolve_outside(
        &self,
        id: usize,
        path: &[String],
        name: &str,
        depth: usize,
    ) -> Option<Place> {
        match path {
            [first] if first == name => self.crates.get(first).map(|it| Place::Module(*it)),
            [first, rest @ ..] if first == name && !self.all[id].modules.contains_key(first) => {
                let root = *self.crates.get(first)?;
                self.resolve_within(root, rest, depth)
            }
            path => self.resolve_within(id, path, depth),
        }
    }

    fn root(&self, module: usize) -> usize {
        let mut id = module;
        while let Some(parent) = self.all[id].parent {
            id = parent;
        }
        id
    }
}

impl Module {
    fn add_use(&mut self, item: &syn::ItemUse) {
        let is_export = !matches!(item.vis, Visibility::Inherited);
        for path in use_paths(&item.tree) {
            match path.alias.as_deref() {
                Some("*") => self.globs.push(path.path),
                Some(alias) => {
                    if is_export {
                        self.exports.insert(alias.to_owned());
                    }
                    self.uses.insert(alias.to_owned(), path.path);
                }
                None => {}
            }
        }
    }
}

/// One path of a `use` declaration.
pub(crate) struct UsePath {
    pub(crate) path: Vec<String>,
    /// The name that the declaration creates; `*` for a glob import, or `None` for `as _`.
    alias: Option<String>,
}

/// Returns the paths of a `use` declaration.
pub(crate) fn use_paths(tree: &UseTree) -> Vec<UsePath> {
    fn walk(tree: &UseTree, prefix: &[String], paths: &mut Vec<UsePath>) {
        let with = |name: &syn::Ident| [prefix, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(it) => walk(&it.tree, &with(&it.ident), paths),
            UseTree::Group(it) => it.items.iter().for_each(|tree| walk(tree, prefix, paths)),
            UseTree::Glob(_) => paths.push(UsePath {
                path: prefix.to_vec(),
                alias: Some("*".to_owned()),
            }),
            UseTree::Name(it) => {
                let path = match it.ident == "self" && !prefix.is_empty() {
                    true => prefix.to_vec(),
                    false => with(&it.ident),
                };
                let alias = path.last().cloned();
                paths.push(UsePath { path, alias });
            }
            UseTree::Rename(it) => {
                let path = match it.ident == "self" {
                    true => prefix.to_vec(),
                    false => with(&it.ident),
                };
                let alias = Some(it.rename.to_string()).filter(|it| it != "_");
                paths.push(UsePath { path, alias });
            }
        }
    }
    let mut paths = Vec::new();
    walk(tree, &[], &mut paths);
    paths
}

/// Returns true if the item is compiled for tests only.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|it| {
        let condition = it
            .path()
            .is_ident("cfg")
            .then(|| it.parse_args::<syn::Path>());
        matches!(condition, Some(Ok(path)) if path.is_ident("test"))
    })
}

pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        Item::Macro(it) => &it.attrs,
        Item::Mod(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Struct(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        Item::Type(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        _ => &[],
    }
}

fn name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(it) => &it.ident,
        Item::Enum(it) => &it.ident,
        Item::Fn(it) => &it.sig.ident,
        Item::Macro(it) => it.ident.as_ref()?,
        Item::Static(it) => &it.ident,
        Item::Struct(it) => &it.ident,
        Item::Trait(it) => &it.ident,
        Item::Type(it) => &it.ident,
        _ => return None,
    };
    Some(name.to_string())
}
