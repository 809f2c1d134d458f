//! Lists, maps and enums: as they are written, indexed, and brought to one type.

use super::Checker;
use super::fit::cast;
use super::operator::common_type;
use crate::ast;
use crate::check::typed::{Located, Type, Typed, constants, null_of, typed};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::source::Span;
use tidegate_model::expr::{Expr, ExprKind, can_cast};
use tidegate_model::{Element, EnumType, ScalarType, Value};

impl Checker<'_> {
    /// A value as one expression, records and literals too; what type a literal has follows from what is in it.
    pub(crate) fn infer(&mut self, located: Located) -> Option<Expr> {
        match located.value {
            Typed::Scalar(expr) => Some(expr),
            Typed::Wrong => None,
            Typed::Null => {
                self.untyped(located.span, "null");
                None
            }
            Typed::Record(_) => {
                let Typed::Record(record) = self.settle(located.value) else { return None };
                let whole = record.together();
                if whole.is_none() {
                    self.untyped(located.span, "a null in this record");
                }
                whole
            }
            Typed::List(items, span) => {
                if items.is_empty() {
                    self.untyped(span, "an empty list");
                    return None;
                }
                let (parts, element) = self.of_one_type(items, span, "list")?;
                Some(list_expr(parts, element))
            }
            Typed::Map(entries, span) => {
                let (keys, values): (Vec<Located>, Vec<Located>) = entries.into_iter().unzip();
                let places: Vec<Span> = keys.iter().map(|key| key.span).collect();
                let (keys, key) = self.of_one_type(keys, span, "map")?;
                if !is_map_key(key) {
                    let span = places.first().copied().unwrap_or(span);
                    self.error(codes::MAP_KEY, span, format!("{key} cannot be the key of a map"));
                    return None;
                }
                let (values, value) = self.of_one_type(values, span, "map")?;
                Some(map_expr(keys, values, key.ty, value))
            }
        }
    }

    /// An expression as one value, a record too.
    pub(crate) fn one_value(&mut self, expr: &ast::Expr) -> Option<Expr> {
        let located = self.located(expr);
        self.infer(located)
    }

    /// Literals inside of a value get their types.
    pub(crate) fn settle(&mut self, value: Typed) -> Typed {
        match value {
            Typed::List(_, span) | Typed::Map(_, span) => {
                self.infer(Located { value, span }).map_or(Typed::Wrong, Typed::Scalar)
            }
            Typed::Record(mut record) => {
                for (_, field) in &mut record.fields {
                    let settled = self.settle(std::mem::replace(field, Typed::Null));
                    if settled == Typed::Wrong {
                        return Typed::Wrong;
                    }
                    *field = settled;
                }
                Typed::Record(record)
            }
            other => other,
        }
    }

    fn untyped(&mut self, span: Span, what: &str) {
        self.diagnostics.push(
            Diagnostic::error(codes::EMPTY_LITERAL, span, format!("{what} has no type of its own"))
                .note("give it to something that has: a `fn` with a result type, or `??` behind a value of that type"),
        );
    }

    /// The parts of a literal, widened to what goes for all of them.
    fn of_one_type(&mut self, items: Vec<Located>, span: Span, what: &str) -> Option<(Vec<Expr>, Element)> {
        let mut parts: Vec<Option<(Expr, Span)>> = Vec::new();
        let mut common: Option<(ScalarType, Span)> = None;
        for item in items {
            if item.value == Typed::Null {
                parts.push(None);
                continue;
            }
            let place = item.span;
            let part = self.infer(item)?;
            common = match common {
                None => Some((part.ty, place)),
                Some((ty, first)) => match common_type(ty, part.ty) {
                    Some(ty) => Some((ty, first)),
                    None => {
                        self.diagnostics.push(
                            Diagnostic::error(
                                codes::ELEMENTS_DIFFER,
                                place,
                                format!("a {what} holds values of one type"),
                            )
                            .here(format!("this is {}", part.ty))
                            .because(first, format!("this is {ty}")),
                        );
                        return None;
                    }
                },
            };
            parts.push(Some((part, place)));
        }
        let Some((ty, _)) = common else {
            self.untyped(span, &format!("a {what} of nothing but null"));
            return None;
        };
        let parts: Vec<Expr> = parts
            .into_iter()
            .map(|part| part.map_or_else(|| null_of(ty), |(part, _)| cast(part, ty)))
            .collect();
        let nullable = parts.iter().any(|part| part.nullable);
        Some((parts, Element { ty, nullable }))
    }

    /// A list as it is written, where a list of `element` is needed.
    pub(super) fn fit_list(
        &mut self,
        items: Vec<Located>,
        element: Element,
        place: Option<Span>,
    ) -> Option<Expr> {
        let ty = Type::of(element);
        let mut parts = Vec::new();
        for item in items {
            let span = item.span;
            let value = self.fit(item, &ty, place)?;
            parts.push(self.infer(Located { value, span })?);
        }
        Some(list_expr(parts, element))
    }

    pub(super) fn fit_map(
        &mut self,
        entries: Vec<(Located, Located)>,
        key: ScalarType,
        value: Element,
        place: Option<Span>,
    ) -> Option<Expr> {
        let (key_type, value_type) = (Type::Scalar { ty: key, nullable: false }, Type::of(value));
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for (entry_key, entry_value) in entries {
            let spans = (entry_key.span, entry_value.span);
            let entry_key = self.fit(entry_key, &key_type, place)?;
            let entry_value = self.fit(entry_value, &value_type, place)?;
            keys.push(self.infer(Located { value: entry_key, span: spans.0 })?);
            values.push(self.infer(Located { value: entry_value, span: spans.1 })?);
        }
        Some(map_expr(keys, values, key, value))
    }

    pub(super) fn index(&mut self, value: &ast::Expr, index: &ast::Expr, span: Span) -> Typed {
        let (value, index) = (self.located(value), self.located(index));
        if value.value == Typed::Wrong || index.value == Typed::Wrong {
            return Typed::Wrong;
        }
        if let Typed::Record(_) = value.value {
            self.diagnostics.push(
                Diagnostic::error(codes::INDEX, span, "the fields of a record are not indexed")
                    .note("a field is reached with a dot: `record.field`"),
            );
            return Typed::Wrong;
        }
        let over = value.span;
        let Some(value) = self.as_scalar(value) else { return Typed::Wrong };
        let (needed, element) = match value.ty {
            ScalarType::List(element) => (ScalarType::Int, *element),
            ScalarType::Map(map) => (map.key, map.value),
            ty => {
                return self.error(
                    codes::INDEX,
                    over,
                    format!("only lists and maps are indexed, and this is {ty}"),
                );
            }
        };
        let place = index.span;
        let Some(index) = self.key_of(index, needed) else { return Typed::Wrong };
        if index.ty != needed {
            let message = match value.ty {
                ScalarType::List(_) => format!("a list is indexed by an int, not by {}", index.ty),
                _ => format!("the keys of this map are {needed}, and this is {}", index.ty),
            };
            return self.error(codes::INDEX, place, message);
        }
        typed(Expr {
            ty: element.ty,
            nullable: true,
            kind: ExprKind::Index(Box::new(value), Box::new(index)),
        })
    }

    /// A value that is looked for among those of a type: a constant is brought to it.
    pub(super) fn key_of(&mut self, value: Located, ty: ScalarType) -> Option<Expr> {
        let span = value.span;
        let expr = self.as_scalar(value)?;
        self.constant_of(expr, ty, span)
    }

    /// A constant text as a value of an enum, a date, a uuid or bytes, where it meets one. Anything else stays as it is.
    pub(super) fn constant_of(&mut self, expr: Expr, ty: ScalarType, span: Span) -> Option<Expr> {
        use ScalarType::*;
        let meets = matches!((ty, expr.ty), (Enum(_) | Date | Uuid | Bytes, String) | (Date, Timestamp));
        if !meets || !matches!(expr.kind, ExprKind::Const(_)) {
            return Some(expr);
        }
        match (super::fit::constant(&expr, ty), ty, &expr.kind) {
            (Some(value), ..) => Some(Expr::constant(value, ty)),
            (None, Enum(names), ExprKind::Const(Value::String(text))) => self.variant(names, text, span),
            _ => Some(expr),
        }
    }

    /// `Status(text)`: a text as the value of an enum that it names.
    pub(super) fn as_variant(
        &mut self,
        names: &'static EnumType,
        arguments: Vec<Located>,
        span: Span,
    ) -> Typed {
        let mut arguments = arguments.into_iter();
        let (Some(only), None) = (arguments.next(), arguments.next()) else {
            return self.error(codes::BAD_ARGUMENTS, span, format!("`{}` takes one text", names.name));
        };
        let (ty, place) = (ScalarType::Enum(names), only.span);
        let Some(text) = self.key_of(only, ty) else { return Typed::Wrong };
        if !can_cast(text.ty, ty) {
            let message = format!("{} cannot become {ty}", text.ty);
            return self.error(codes::BAD_ARGUMENTS, place, message);
        }
        Typed::Scalar(cast(text, ty))
    }

    /// The value of an enum that has this name.
    pub(super) fn variant(&mut self, names: &'static EnumType, name: &str, span: Span) -> Option<Expr> {
        if names.has(name) {
            return Some(Expr::constant(Value::String(name.into()), ScalarType::Enum(names)));
        }
        let known = names.variants.iter().map(String::as_str);
        let diagnostic = Diagnostic::error(
            codes::ENUM_VARIANT,
            span,
            format!("the enum `{}` has no `{name}`", names.name),
        );
        self.diagnostics.push(match did_you_mean(name, known.clone()) {
            Some(meant) => diagnostic.meant(&meant),
            None => diagnostic.note(format!("it has {}", super::list(&known.collect::<Vec<_>>()))),
        });
        None
    }
}

/// Can maps have such keys?
pub(super) fn is_map_key(key: Element) -> bool {
    use ScalarType::*;
    !key.nullable && matches!(key.ty, String | Int | Date | Uuid | Enum(_))
}

/// Parts of `element`'s type as a list.
fn list_expr(parts: Vec<Expr>, element: Element) -> Expr {
    let ty = ScalarType::list(element.ty, element.nullable);
    match constants(&parts) {
        Some(values) => Expr::constant(Value::List(values), ty),
        None => Expr { ty, nullable: false, kind: ExprKind::List(parts) },
    }
}

fn map_expr(keys: Vec<Expr>, values: Vec<Expr>, key: ScalarType, value: Element) -> Expr {
    let ty = ScalarType::map(key, value.ty, value.nullable);
    if let (Some(keys), Some(values)) = (constants(&keys), constants(&values)) {
        let entries = keys.iter().cloned().zip(values.iter().cloned());
        return Expr::constant(Value::map(entries.collect()), ty);
    }
    Expr { ty, nullable: false, kind: ExprKind::Map(keys.into_iter().zip(values).collect()) }
}

/// What to write where a field of a list or a map was asked for.
pub(super) fn instead_of_field(value: &Typed, name: &str) -> Option<String> {
    match value {
        Typed::Scalar(Expr { ty: ScalarType::List(_), .. }) | Typed::List(..) => {
            Some(format!("of one element: `[0].{name}`; of each: `map(…, x => x.{name})`"))
        }
        Typed::Scalar(Expr { ty: ScalarType::Map(_), .. }) | Typed::Map(..) => {
            Some(format!("an entry of a map is reached by its key: `[\"{name}\"]`"))
        }
        _ => None,
    }
}
