//! Calls: of the library's functions (see `builtin.rs`), and of the file's own, which are put in place.

use super::{Checker, FunctionDef};
use crate::ast;
use crate::check::aggregate::AGGREGATES;
use crate::check::typed::{Located, RecordValue, Type, Typed};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::parse::habit::elsewhere;
use crate::source::Span;
use tidegate_model::ScalarType;
use tidegate_model::expr::Expr;

/// Functions that are put in place inside of one another.
const CALL_DEPTH_MAX: usize = 32;

impl Checker<'_> {
    pub(super) fn call(&mut self, name: &ast::Name, arguments: &[ast::Expr], span: Span) -> Typed {
        if self.globals.functions.contains_key(&name.node) {
            return self.inline(name, arguments);
        }
        if let Some(value) = self.each_call(name, arguments, span) {
            return value;
        }
        if AGGREGATES.contains(&name.node.as_str()) {
            // Over a list they are plain functions.
            if let [list] = arguments {
                let list = self.located(list);
                if list.value == Typed::Wrong {
                    return Typed::Wrong;
                }
                if super::collection::is_collection(&list.value)
                    && let Some(value) = self.collection_call(name, &[list], span)
                {
                    return value;
                }
            }
            self.diagnostics.push(
                Diagnostic::error(
                    codes::AGGREGATE_PLACE,
                    name.span,
                    format!("`{}` looks at many events, and this place has one", name.node),
                )
                .note(
                    "it stands in `aggregate { … }` or `rolling … { … }`, alone on the right side of a field; in a `match` behind an event that repeats: `a+ { total: sum(v) }`",
                ),
            );
            return Typed::Wrong;
        }
        let located: Vec<Located> = arguments.iter().map(|argument| self.located(argument)).collect();
        if located.iter().any(|argument| argument.value == Typed::Wrong) {
            return Typed::Wrong;
        }
        if let Some(value) = self.collection_call(name, &located, span) {
            return value;
        }
        if let Some(function) = tidegate_functions::find(&name.node) {
            return self.builtin(function, located, span);
        }
        if let Some(names) = self.globals.enums.get(&name.node).copied() {
            return self.as_variant(names, located, span);
        }
        self.unknown_function(name, arguments.len())
    }

    fn unknown_function(&mut self, name: &ast::Name, given: usize) -> Typed {
        let message = format!("there is no function `{}`", name.node);
        let diagnostic = Diagnostic::error(codes::UNKNOWN_NAME, name.span, message);
        let mut names: Vec<&str> = tidegate_functions::names().map(|name| -> &str { name }).collect();
        names.extend(self.globals.enums.keys().chain(self.globals.functions.keys()).map(String::as_str));
        let meant = did_you_mean(&name.node, names);
        let known = tidegate_functions::called_elsewhere(&name.node).map(|function| function.name);
        // With one argument it asks, with two it gives a value for null.
        let asks = given == 1 && name.node.eq_ignore_ascii_case("isnull");
        let known = known.filter(|_| !asks);
        self.diagnostics.push(match (known, elsewhere::function(&name.node), meant) {
            (Some(known), ..) => diagnostic
                .here(format!("here it is called `{known}`"))
                .note(format!("`tidegate explain {known}` shows examples"))
                .instead_of(&name.node, known),
            (None, Some(note), _) => diagnostic.note(note),
            (None, None, Some(meant)) => diagnostic.meant(&meant),
            (None, None, None) => diagnostic.note("`tidegate explain functions` lists all there are"),
        });
        Typed::Wrong
    }

    /// Puts a function of the file in place of its call.
    pub(super) fn inline(&mut self, name: &ast::Name, arguments: &[ast::Expr]) -> Typed {
        let globals = self.globals;
        let function = &globals.functions[&name.node];
        if self.inside.contains(&name.node) {
            self.diagnostics.push(
                Diagnostic::error(codes::CYCLE, name.span, format!("`{}` calls itself", name.node))
                    .because(function.decl.name.span, "declared here"),
            );
            return Typed::Wrong;
        }
        if self.inside.len() >= CALL_DEPTH_MAX {
            let message = format!("more than {CALL_DEPTH_MAX} functions that call one another");
            return self.error(codes::TOO_LARGE, name.span, message);
        }
        if arguments.len() != function.arguments.len() {
            let message = format!(
                "`{}` takes {} arguments, and is given {}",
                name.node,
                function.arguments.len(),
                arguments.len()
            );
            self.diagnostics.push(
                Diagnostic::error(codes::BAD_ARGUMENTS, name.span, message)
                    .because(function.decl.name.span, "declared here"),
            );
            return Typed::Wrong;
        }
        let mut locals = Vec::new();
        for (argument, (local, ty)) in arguments.iter().zip(&function.arguments) {
            let mut value = self.located(argument);
            if let (Typed::Record(record), Type::Record { fields, .. }) = (&mut value.value, ty) {
                // An event may have more fields than the function asks for.
                record.fields.retain(|(name, _)| fields.iter().any(|(field, _)| field == name));
            }
            let declared = function.decl.arguments.iter().find(|decl| decl.name.node == *local);
            let place = declared.map_or(name.span, |decl| decl.ty.span);
            match self.fit(value, ty, Some(place)) {
                Some(value) => locals.push((local.clone(), value)),
                None => return Typed::Wrong,
            }
        }
        let outer = std::mem::replace(&mut self.locals, locals);
        self.inside.push(name.node.clone());
        let (told, found) = (self.diagnostics.len(), globals.facts.len());
        let value = self.located(&function.decl.body);
        globals.facts.forget_since(found);
        let value = self.fit(value, &function.result, Some(function.decl.result.span));
        // What is wrong with the body is told where it is declared; only a cycle, and how large it becomes, show first from here.
        let told = self.diagnostics.split_off(told).into_iter();
        let from_here = told.filter(|diagnostic| matches!(diagnostic.code, codes::CYCLE | codes::TOO_LARGE));
        self.diagnostics.extend(from_here);
        self.inside.pop();
        self.locals = outer;
        value.unwrap_or(Typed::Wrong)
    }

    /// Checks a function's body by itself, with arguments of its declared types.
    pub(crate) fn body(&mut self, function: &FunctionDef) {
        let mut next = 0;
        self.locals =
            function.arguments.iter().map(|(name, ty)| (name.clone(), sample(ty, &mut next))).collect();
        self.inside.push(function.decl.name.node.clone());
        let value = self.located(&function.decl.body);
        self.fit(value, &function.result, Some(function.decl.result.span));
        self.inside.pop();
        self.locals.clear();
    }
}

/// A value of a type about which nothing else is known.
pub(super) fn sample(ty: &Type, next: &mut usize) -> Typed {
    let mut column = |ty, nullable| {
        *next += 1;
        Expr::column(*next - 1, ty, nullable)
    };
    match ty {
        Type::Scalar { ty, nullable } => Typed::Scalar(column(*ty, *nullable)),
        Type::Record { fields, nullable } => {
            let presence = nullable.then(|| column(ScalarType::Bool, false));
            let fields = fields.iter().map(|(name, ty)| (name.clone(), sample(ty, next))).collect();
            Typed::Record(RecordValue { fields, presence })
        }
        Type::Wrong => Typed::Wrong,
    }
}
