//! The functions of lists and maps by their names: what they take, and what type comes out.

use super::fit::cast;
use super::operator::common_type;
use super::{Checker, DECIMAL_DIGITS_MAX, SCALE_MAX};
use crate::ast;
use crate::check::typed::{Located, Type, Typed, typed};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;
use tidegate_functions::{Body, Form};
use tidegate_model::expr::{Collection, Expr, ExprKind};
use tidegate_model::{Element, RecordField, RecordType, ScalarType, nested};

/// Each with how it is called.
const COLLECTIONS: [(Collection, &str); 23] = [
    (Collection::Length, "length(list)"),
    (Collection::First, "first(list)"),
    (Collection::Last, "last(list)"),
    (Collection::Contains, "contains(list, value)"),
    (Collection::Concat, "concat(list, list)"),
    (Collection::Slice, "slice(list, from, to)"),
    (Collection::Reverse, "reverse(list)"),
    (Collection::Distinct, "distinct(list)"),
    (Collection::Sort, "sort(list)"),
    (Collection::Sum, "sum(list)"),
    (Collection::Min, "min(list)"),
    (Collection::Max, "max(list)"),
    (Collection::Avg, "avg(list)"),
    (Collection::Join, "join(list, \", \")"),
    (Collection::Split, "split(text, \",\")"),
    (Collection::Flatten, "flatten(lists)"),
    (Collection::Zip, "zip(list, list)"),
    (Collection::Range, "range(number)"),
    (Collection::Keys, "keys(map)"),
    (Collection::Values, "values(map)"),
    (Collection::Entries, "entries(map)"),
    (Collection::HasKey, "has_key(map, key)"),
    (Collection::Merge, "merge(map, map)"),
];

pub(super) fn is_collection(value: &Typed) -> bool {
    match value {
        Typed::Scalar(expr) => expr.ty.is_nested(),
        value => matches!(value, Typed::List(..) | Typed::Map(..)),
    }
}

impl Checker<'_> {
    /// None: it is no call of these functions with a list or map.
    pub(super) fn collection_call(
        &mut self,
        name: &ast::Name,
        arguments: &[Located],
        span: Span,
    ) -> Option<Typed> {
        let (function, usage) = *COLLECTIONS.iter().find(|(known, _)| known.name() == name.node)?;
        // Some names are those of functions of texts too.
        let of_texts = tidegate_functions::find(&name.node)
            .is_some_and(|function| !matches!(function.body, Body::Form(Form::Collection)));
        if of_texts && !arguments.first().is_some_and(|first| is_collection(&first.value)) {
            return None;
        }
        Some(self.collection(function, usage, arguments.to_vec(), span).map_or(Typed::Wrong, typed))
    }

    pub(super) fn collection(
        &mut self,
        function: Collection,
        usage: &str,
        arguments: Vec<Located>,
        span: Span,
    ) -> Option<Expr> {
        let mut arguments = arguments.into_iter();
        let Some(first) = arguments.next() else { return self.misused(usage, span, "nothing") };
        let rest: Vec<Located> = arguments.collect();
        let first_span = first.span;
        // An empty list takes its type from the other one.
        let (first, rest) = match (function, first, rest) {
            (Collection::Concat, first, mut rest) if rest.len() == 1 => {
                let second = rest.remove(0);
                let (a, b) = self.unify(first, second)?;
                return match (a.ty, b.ty) {
                    (ScalarType::List(_), ScalarType::List(_)) => {
                        Some(call(function, a.ty, false, vec![a, b]))
                    }
                    (ty, _) => self.misused(usage, first_span, &ty.to_string()),
                };
            }
            (_, first, rest) => (self.as_scalar(first)?, rest),
        };
        let count = rest.len();
        let wrong_count = |needed: usize| count != needed;
        let needed = match function {
            Collection::Contains | Collection::Join | Collection::Split => 1,
            Collection::Zip | Collection::HasKey | Collection::Merge | Collection::Concat => 1,
            Collection::Slice => 2,
            _ => 0,
        };
        if wrong_count(needed) {
            return self.misused(usage, span, &format!("{} arguments", count + 1));
        }
        let mut rest = rest.into_iter();
        let mut next = || rest.next().expect("they were counted");
        let told = |ty: ScalarType| ty.to_string();
        match (function, first.ty) {
            (Collection::Length, ScalarType::List(_) | ScalarType::Map(_)) => {
                Some(call(function, ScalarType::Int, false, vec![first]))
            }
            (Collection::First | Collection::Last, ScalarType::List(element)) => {
                Some(call(function, element.ty, true, vec![first]))
            }
            (Collection::Contains, ScalarType::List(element)) => {
                let element = Type::of(Element { nullable: true, ..*element });
                let looked_for = next();
                let span = looked_for.span;
                let looked_for = self.fit(looked_for, &element, None)?;
                let looked_for = self.infer(Located { value: looked_for, span })?;
                let nullable = first.nullable;
                let kind = ExprKind::Collection(function, vec![first, looked_for]);
                Some(Expr { ty: ScalarType::Bool, nullable, kind })
            }
            (Collection::Slice, ScalarType::List(_)) => {
                let int = Type::Scalar { ty: ScalarType::Int, nullable: true };
                let (from, to) = (next(), next());
                let (from, to) = (self.fit(from, &int, None)?, self.fit(to, &int, None)?);
                let (Typed::Scalar(from), Typed::Scalar(to)) = (from, to) else { return None };
                let ty = first.ty;
                Some(call(function, ty, false, vec![first, from, to]))
            }
            (Collection::Reverse | Collection::Distinct, ty @ ScalarType::List(_)) => {
                Some(call(function, ty, false, vec![first]))
            }
            (Collection::Sort, ty @ ScalarType::List(element)) if element.ty.has_order() => {
                Some(call(function, ty, false, vec![first]))
            }
            (Collection::Min | Collection::Max, ScalarType::List(element)) if element.ty.has_order() => {
                Some(call(function, element.ty, true, vec![first]))
            }
            (Collection::Sum | Collection::Avg, ScalarType::List(element)) => {
                use ScalarType::*;
                let ty = match (function, element.ty) {
                    (Collection::Sum, Int | Float | Duration) => element.ty,
                    (Collection::Sum, Decimal { scale, .. }) => {
                        Decimal { precision: DECIMAL_DIGITS_MAX, scale }
                    }
                    (_, Int | Float) => Float,
                    (_, Decimal { scale, .. }) => {
                        Decimal { precision: DECIMAL_DIGITS_MAX, scale: (scale + 4).min(SCALE_MAX) }
                    }
                    _ => return self.misused(usage, first_span, &told(first.ty)),
                };
                Some(call(function, ty, function == Collection::Avg, vec![first]))
            }
            (
                Collection::Join,
                ScalarType::List(Element { ty: ScalarType::String | ScalarType::Enum(_), .. }),
            ) => {
                let between = self.text(next())?;
                Some(call(function, ScalarType::String, false, vec![first, between]))
            }
            (Collection::Split, ScalarType::String) => {
                let separator = self.text(next())?;
                let ty = ScalarType::list(ScalarType::String, false);
                Some(call(function, ty, false, vec![first, separator]))
            }
            (Collection::Flatten, ScalarType::List(Element { ty: ScalarType::List(inner), .. })) => {
                Some(call(function, ScalarType::List(inner), false, vec![first]))
            }
            (Collection::Zip, ScalarType::List(left)) => {
                let second = next();
                let place = second.span;
                let second = self.as_scalar(second)?;
                let ScalarType::List(right) = second.ty else {
                    return self.misused(usage, place, &told(second.ty));
                };
                let ty = pairs("left", *left, "right", *right);
                Some(call(function, ty, false, vec![first, second]))
            }
            (Collection::Range, ScalarType::Int) => {
                let ty = ScalarType::list(ScalarType::Int, false);
                Some(call(function, ty, false, vec![first]))
            }
            (Collection::Keys, ScalarType::Map(map)) => {
                Some(call(function, ScalarType::list(map.key, false), false, vec![first]))
            }
            (Collection::Values, ScalarType::Map(map)) => {
                let ty = ScalarType::list(map.value.ty, map.value.nullable);
                Some(call(function, ty, false, vec![first]))
            }
            (Collection::Entries, ScalarType::Map(map)) => {
                let ty = pairs("key", Element { ty: map.key, nullable: false }, "value", map.value);
                Some(call(function, ty, false, vec![first]))
            }
            (Collection::HasKey, ScalarType::Map(map)) => {
                let key = Type::Scalar { ty: map.key, nullable: true };
                let Typed::Scalar(key) = self.fit(next(), &key, None)? else { return None };
                Some(call(function, ScalarType::Bool, false, vec![first, key]))
            }
            (Collection::Merge, ScalarType::Map(_)) => {
                let second = next();
                let place = second.span;
                let a = Located { value: Typed::Scalar(first), span: first_span };
                let (a, b) = self.unify(a, second)?;
                match common_type(a.ty, b.ty) {
                    Some(ty @ ScalarType::Map(_)) => {
                        Some(call(function, ty, false, vec![cast(a, ty), cast(b, ty)]))
                    }
                    _ => self.misused(usage, place, &told(b.ty)),
                }
            }
            (_, ty) => self.misused(usage, first_span, &told(ty)),
        }
    }

    fn text(&mut self, value: Located) -> Option<Expr> {
        match self.fit(value, &Type::Scalar { ty: ScalarType::String, nullable: true }, None)? {
            Typed::Scalar(text) => Some(text),
            _ => None,
        }
    }

    fn misused<T>(&mut self, usage: &str, span: Span, given: &str) -> Option<T> {
        self.diagnostics.push(Diagnostic::error(
            codes::BAD_ARGUMENTS,
            span,
            format!("`{usage}` is given {given} here"),
        ));
        None
    }
}

fn call(function: Collection, ty: ScalarType, nullable: bool, arguments: Vec<Expr>) -> Expr {
    let nullable = nullable || arguments.iter().any(|argument| argument.nullable);
    Expr { ty, nullable, kind: ExprKind::Collection(function, arguments) }
}

/// A list of records with two fields.
fn pairs(left: &str, left_element: Element, right: &str, right_element: Element) -> ScalarType {
    let field = |name: &str, element| RecordField { name: name.to_owned(), element };
    let fields = vec![field(left, left_element), field(right, right_element)];
    ScalarType::list(ScalarType::Record(nested::record(RecordType { fields })), false)
}
