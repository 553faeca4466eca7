//! Conversion of items: functions, types with their fields, and `impl` blocks.

use proc_macro2::Ident;
use syn::{
    Attribute, Block, Expr, Fields, FnArg, ImplItem, Item, Pat, ReceiverKind, Signature, TraitItem,
    Type, TypeParamBound, spanned::Spanned as _,
};

use super::{
    Reader,
    attributes::{inside, without_condition},
    names::{identifier, path_name, source_text, type_name},
    node,
};
use crate::tree::{Bind, Binding, Class, Function, Kind, Node, Parameter};

impl Reader {
    pub(super) fn items(&self, items: &[Item]) -> Vec<Node> {
        items.iter().filter_map(|item| self.item(item)).collect()
    }

    /// Converts an item. Returns `None` for code that is compiled only for tests.
    pub(super) fn item(&self, item: &Item) -> Option<Node> {
        let is_left_out = match item {
            Item::Fn(it) => self.leaves_out_function(&it.attrs),
            Item::Const(syn::ItemConst { attrs, .. })
            | Item::Enum(syn::ItemEnum { attrs, .. })
            | Item::Impl(syn::ItemImpl { attrs, .. })
            | Item::Macro(syn::ItemMacro { attrs, .. })
            | Item::Mod(syn::ItemMod { attrs, .. })
            | Item::Static(syn::ItemStatic { attrs, .. })
            | Item::Struct(syn::ItemStruct { attrs, .. })
            | Item::Trait(syn::ItemTrait { attrs, .. })
            | Item::Union(syn::ItemUnion { attrs, .. })
            | Item::Use(syn::ItemUse { attrs, .. }) => self.leaves_out(attrs),
            Item::ExternCrate(_)
            | Item::ForeignMod(_)
            | Item::TraitAlias(_)
            | Item::Type(_)
            | Item::Verbatim(_)
            | _ => false,
        };
        (!is_left_out).then(|| self.kept(item))
    }

    fn kept(&self, item: &Item) -> Node {
        match item {
            Item::Const(it) => self.constant(&it.ident, &it.expr),
            Item::Static(it) => self.constant(&it.ident, &it.expr),
            Item::Enum(it) => {
                let body = it
                    .variants
                    .iter()
                    .filter(|it| !self.leaves_out(&it.attrs))
                    .flat_map(|it| self.variant(it));
                let class = Class {
                    name: identifier(&it.ident),
                    of: derives(&it.attrs),
                    body: body.collect(),
                    fields: Vec::new(),
                };
                node(it.ident.span(), Kind::Class(class))
            }
            Item::Fn(it) => self.function(&it.sig, &it.block),
            Item::Impl(it) => {
                let class = Class {
                    name: type_name(&it.self_ty),
                    of: it.trait_.iter().map(|(path, _)| path_name(path)).collect(),
                    body: it.items.iter().filter_map(|it| self.of_impl(it)).collect(),
                    fields: Vec::new(),
                };
                node(it.impl_token.span, Kind::Class(class))
            }
            // `macro_rules! name { … }`
            Item::Macro(it) if it.ident.is_some() => self.scanned(it.mac.tokens.clone()),
            Item::Macro(it) => self.called_macro(&it.mac),
            Item::Mod(it) => {
                let nodes = it
                    .content
                    .as_ref()
                    .map(|(_, items)| self.items(items))
                    .unwrap_or_default();
                node(
                    it.mod_token.span,
                    Kind::Block {
                        nodes,
                        has_value: false,
                    },
                )
            }
            Item::Struct(it) => self.class(&it.ident, &it.attrs, &it.fields),
            Item::Union(it) => self.class(&it.ident, &it.attrs, &Fields::Named(it.fields.clone())),
            Item::Trait(it) => {
                let above = it.supertraits.iter().filter_map(|bound| match bound {
                    TypeParamBound::Trait(it) => Some(path_name(&it.path)),
                    TypeParamBound::Lifetime(_)
                    | TypeParamBound::PreciseCapture(_)
                    | TypeParamBound::Verbatim(_)
                    | _ => None,
                });
                let body = it.items.iter().filter_map(|it| self.of_trait(it)).collect();
                let class = Class {
                    name: identifier(&it.ident),
                    of: above.collect(),
                    body,
                    fields: Vec::new(),
                };
                node(it.ident.span(), Kind::Class(class))
            }
            Item::Use(it) => node(it.use_token.span, Kind::Other(Vec::new())),
            Item::Verbatim(tokens) => self.scanned(tokens.clone()),
            Item::ExternCrate(_)
            | Item::ForeignMod(_)
            | Item::TraitAlias(_)
            | Item::Type(_)
            | _ => node(item.span(), Kind::Other(Vec::new())),
        }
    }

    fn of_impl(&self, item: &ImplItem) -> Option<Node> {
        match item {
            ImplItem::Const(it) => {
                (!self.leaves_out(&it.attrs)).then(|| self.constant(&it.ident, &it.expr))
            }
            ImplItem::Fn(it) => {
                (!self.leaves_out_function(&it.attrs)).then(|| self.function(&it.sig, &it.block))
            }
            ImplItem::Macro(it) => Some(self.called_macro(&it.mac)),
            ImplItem::Verbatim(tokens) => Some(self.scanned(tokens.clone())),
            ImplItem::Type(_) | _ => None,
        }
    }

    fn of_trait(&self, item: &TraitItem) -> Option<Node> {
        match item {
            TraitItem::Const(it) => {
                let (_, value) = it.default.as_ref()?;
                (!self.leaves_out(&it.attrs)).then(|| self.constant(&it.ident, value))
            }
            TraitItem::Fn(it) => {
                let block = it.default.as_ref()?;
                (!self.leaves_out_function(&it.attrs)).then(|| self.function(&it.sig, block))
            }
            TraitItem::Macro(it) => Some(self.called_macro(&it.mac)),
            TraitItem::Verbatim(tokens) => Some(self.scanned(tokens.clone())),
            TraitItem::Type(_) | _ => None,
        }
    }

    fn constant(&self, name: &Ident, value: &Expr) -> Node {
        self.declared(name, self.expression(value), Binding::Constant)
    }

    fn declared(&self, name: &Ident, value: Node, kind: Binding) -> Node {
        let target = Box::new(node(name.span(), Kind::Name(identifier(name))));
        let value = Box::new(value);
        node(
            name.span(),
            Kind::Bind(Bind {
                target,
                value,
                kind,
                otherwise: None,
            }),
        )
    }

    fn function(&self, signature: &Signature, block: &Block) -> Node {
        let parameters = signature.inputs.iter().flat_map(|input| match input {
            FnArg::Receiver(it) => vec![Parameter {
                name: "self".to_owned(),
                declared: match &it.kind {
                    ReceiverKind::Typed(_, declared) => Some(source_text(declared)),
                    ReceiverKind::Value | ReceiverKind::Reference(..) | _ => None,
                },
                default: None,
            }],
            FnArg::Typed(it) => self.typed(&it.pat, &it.ty),
        });
        let function = Function {
            name: identifier(&signature.ident),
            parameters: parameters.collect(),
            body: self.block(block),
        };
        node(signature.ident.span(), Kind::Function(Box::new(function)))
    }

    /// Returns the parameters that a closure pattern binds.
    pub(super) fn parameters(&self, pattern: &Pat) -> Vec<Parameter> {
        match pattern {
            Pat::Type(it) => self.typed(&it.pat, &it.ty),
            pattern => self.parameters_of(pattern, None),
        }
    }

    fn typed(&self, pattern: &Pat, declared: &Type) -> Vec<Parameter> {
        self.parameters_of(pattern, Some(source_text(declared)))
    }

    /// Returns one parameter for each bound name. A pattern without names still yields one, because its type matters.
    fn parameters_of(&self, pattern: &Pat, declared: Option<String>) -> Vec<Parameter> {
        let mut names = self.names(pattern);
        if names.is_empty() {
            names.push(node(pattern.span(), Kind::Name("_".to_owned())));
        }
        let parameter = |it: Node| Parameter {
            name: it.last_name().unwrap_or_default().to_owned(),
            declared: declared.clone(),
            default: None,
        };
        names.into_iter().map(parameter).collect()
    }

    fn class(&self, name: &Ident, attributes: &[Attribute], fields: &Fields) -> Node {
        let of_all = self.defaults(attributes);
        let mut class = Class {
            name: identifier(name),
            of: derives(attributes),
            body: Vec::new(),
            fields: Vec::new(),
        };
        for (number, field) in fields.iter().enumerate() {
            if self.leaves_out(&field.attrs) {
                continue;
            }
            let declared = Some(source_text(&field.ty));
            let mut defaults = self.defaults(&field.attrs);
            defaults.extend(
                field
                    .default
                    .iter()
                    .map(|(_, value)| self.expression(value)),
            );
            if defaults.is_empty() {
                defaults.clone_from(&of_all);
            }
            match &field.ident {
                Some(name) if !defaults.is_empty() => class.body.extend(
                    defaults
                        .into_iter()
                        .map(|value| self.declared(name, value, Binding::Field)),
                ),
                name => {
                    let name = name.as_ref().map_or_else(|| number.to_string(), identifier);
                    class.fields.push(Parameter {
                        name,
                        declared,
                        default: None,
                    });
                }
            }
        }
        node(name.span(), Kind::Class(class))
    }

    /// Converts a variant: its fields become a class, and its discriminant a constant.
    fn variant(&self, variant: &syn::Variant) -> Vec<Node> {
        let count = variant.discriminant.iter().map(|(_, value)| {
            self.declared(&variant.ident, self.expression(value), Binding::Constant)
        });
        let has_fields = !variant.fields.is_empty();
        let class = has_fields.then(|| self.class(&variant.ident, &variant.attrs, &variant.fields));
        count.chain(class).collect()
    }
}

fn derives(attributes: &[Attribute]) -> Vec<String> {
    let metas = attributes.iter().flat_map(|it| without_condition(&it.meta));
    let derived = metas
        .filter(|it| it.path().is_ident("derive"))
        .flat_map(|it| inside(&it));
    derived.map(|it| path_name(it.path())).collect()
}
