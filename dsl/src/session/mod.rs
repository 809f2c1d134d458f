//! Expressions outside of a topology, for `tidegate eval`: checked with the language's own checker, against the declarations of a
//! file, an event, and names that were given values.

mod event_type;

use crate::ast::TypeKind;
use crate::check::declared::{Types, globals};
use crate::check::expr::{Checker, Globals};
use crate::check::param::{Given, GivenParam};
use crate::check::typed::{Located, RecordValue, Type, Typed, null_of, typed};
use crate::compile::{Compiled, Options, analyse};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::facts::Facts;
use crate::parse::{Scalar, limit};
use crate::source::{SourceFile, Sources, Span};
use std::collections::BTreeMap;
use tidegate_model::expr::{Expr, ExprKind};
use tidegate_model::{ScalarType, Schema};

/// What expressions can name. A row for them has the event's columns, and behind those one for each bound name.
#[derive(Default)]
pub struct Session {
    /// The files that the declarations are from.
    files: Option<Sources>,
    globals: Globals,
    /// What an event can be declared as: record types, and the types of sources and tables.
    types: BTreeMap<String, Type>,
    event: Option<Type>,
    bound: Vec<(String, ScalarType, bool)>,
}

/// An expression that can be evaluated.
#[derive(Debug)]
pub struct Checked {
    pub expr: Expr,
    /// As the language writes it.
    pub ty: String,
    pub reads_event: bool,
}

/// An expression that cannot, and the texts that the diagnostics' places are in.
#[derive(Debug)]
pub struct Refused {
    pub diagnostics: Vec<Diagnostic>,
    pub sources: Sources,
}

impl Session {
    /// With the types, enums, functions and params of a file; what the file compiles to, if it has errors.
    pub fn of_file(file: &SourceFile, options: &Options<'_>) -> Result<Session, Box<Compiled>> {
        let (compiled, topology, _) = analyse(file, options, Facts::default());
        // A file that others use needs no name.
        let wrong = |diagnostic: &Diagnostic| diagnostic.is_error() && diagnostic.code != codes::MISSING_NAME;
        if compiled.diagnostics.iter().any(wrong) {
            return Err(Box::new(compiled));
        }
        let mut told = Vec::new();
        let mut declared = Types::new(&topology, &mut told);
        let mut files = compiled.sources;
        let params =
            options.params.iter().filter_map(|(name, value)| GivenParam::new(name, value, &mut files));
        let params: Vec<GivenParam> = params.collect();
        let given = Given { environment: options.environment, params: &params, facts: Facts::default() };
        let globals = globals(&topology, &mut declared, &given, &mut told);
        let mut types = BTreeMap::new();
        let records = topology.types.iter().filter(|decl| !matches!(decl.body.node, TypeKind::Enum(_)));
        let sources = topology.sources.iter().map(|decl| (&decl.name.node, &decl.ty));
        let tables = topology.tables.iter().map(|decl| (&decl.name.node, &decl.ty));
        for (name, ty) in sources.chain(tables).chain(records.map(|decl| (&decl.name.node, &decl.body))) {
            types.insert(name.clone(), declared.resolve(ty, &mut told));
        }
        assert!(told.is_empty(), "the file was checked: {told:?}");
        Ok(Session { files: Some(files), globals, types, ..Session::default() })
    }

    /// The event is of a type of the file, or is what a source or table of it gives.
    pub fn declare_event(&mut self, name: &str) -> Result<(), String> {
        match self.types.get(name) {
            Some(ty @ Type::Record { .. }) => {
                self.event = Some(ty.clone());
                Ok(())
            }
            Some(other) => Err(format!("`{name}` is {}, and an event is a record", other.name())),
            None => {
                let what = format!("the file has no type, source or table `{name}`");
                Err(match did_you_mean(name, self.types.keys().map(String::as_str)) {
                    Some(meant) => format!("{what}; did you mean `{meant}`?"),
                    None => what,
                })
            }
        }
    }

    /// The event's type follows from its values.
    pub fn infer_event(&mut self, json: &str) -> Result<(), String> {
        self.event = Some(event_type::of_json(json)?);
        Ok(())
    }

    /// The columns of the event; none if there is no event.
    pub fn event_schema(&self) -> Schema {
        self.event.as_ref().map_or_else(Schema::default, Type::schema)
    }

    /// The event's type, as the language writes it.
    pub fn event_type(&self) -> Option<String> {
        let element = self.event.as_ref()?.element()?;
        Some(element.to_string())
    }

    /// From now on the name stands for a value of the type of `checked`.
    pub fn bind(&mut self, name: &str, checked: &Checked) {
        self.bound.retain(|(known, ..)| known != name);
        self.bound.push((name.to_owned(), checked.expr.ty, checked.expr.nullable));
    }

    /// Checks an expression; `name`: what its text is called in messages.
    pub fn check(&self, name: &str, text: &str) -> Result<Checked, Refused> {
        let (sources, file) = self.with_text(name, text);
        let mut diagnostics: Vec<Diagnostic> = limit::file(&file).into_iter().collect();
        let checked = if diagnostics.is_empty() { self.checked(&file, &mut diagnostics) } else { None };
        match checked {
            Some(checked) if !diagnostics.iter().any(Diagnostic::is_error) => Ok(checked),
            _ => Err(Refused { diagnostics, sources }),
        }
    }

    /// The declarations' files with one more, so that places of both can be shown.
    fn with_text(&self, name: &str, text: &str) -> (Sources, SourceFile) {
        if let Some(mut sources) = self.files.clone()
            && let Some(file) = sources.add(name.to_owned(), text.to_owned())
        {
            return (sources, file);
        }
        let sources = Sources::new(SourceFile::new(name, text));
        let file = sources.own().clone();
        (sources, file)
    }

    fn checked(&self, file: &SourceFile, diagnostics: &mut Vec<Diagnostic>) -> Option<Checked> {
        let span = file.place(Span::new(0, file.text.len()));
        let parsed = Scalar { text: &file.text, span, exact: true }.expr(diagnostics)?;
        let schema = self.event_schema();
        let event = self.event.as_ref().map(|_| RecordValue::of_schema(&schema));
        let columns = schema.columns.len();
        let locals = self.bound.iter().enumerate().map(|(place, (name, ty, nullable))| {
            (name.clone(), typed(Expr::column(columns + place, *ty, *nullable)))
        });
        let mut checker = Checker::with_locals(&self.globals, diagnostics, event.as_ref(), locals.collect());
        let value = checker.check(&parsed);
        if value == Typed::Null {
            return Some(Checked {
                expr: null_of(ScalarType::String),
                ty: "null".to_owned(),
                reads_event: false,
            });
        }
        let expr = checker.infer(Located { value, span: parsed.span })?;
        let ty = format!("{}{}", expr.ty, if expr.nullable { "?" } else { "" });
        let reads_event = reads_below(&expr, columns);
        Some(Checked { expr, ty, reads_event })
    }
}

/// Is one of the first `columns` read?
fn reads_below(expr: &Expr, columns: usize) -> bool {
    matches!(expr.kind, ExprKind::Column(index) if index < columns)
        || expr.children().into_iter().any(|child| reads_below(child, columns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::render_short;
    use crate::files::NoFiles;

    const FILE: &str = "topology t\nenum Status { placed, paid }\ntype Order { id: string, total: decimal(18,2), status: Status, note: string? }\nparam least: int = 3\nfn twice(n: int) -> int = n * 2\nsource orders: Order = kafka(\"orders\") key id\nsink orders -> kafka(\"copy\")\n";

    fn session(text: &str) -> Session {
        let options = Options { environment: &|_| None, params: &BTreeMap::new(), files: &NoFiles };
        match Session::of_file(&SourceFile::new("t.tide", text), &options) {
            Ok(session) => session,
            Err(compiled) => panic!("{:?}", compiled.diagnostics),
        }
    }

    fn told(session: &Session, text: &str) -> String {
        match session.check("expression", text) {
            Ok(checked) => checked.ty,
            Err(refused) => render_short(&refused.sources, &refused.diagnostics),
        }
    }

    #[test]
    fn declarations_of_a_file_are_known() {
        let mut session = session(FILE);
        session.declare_event("Order").expect("it is declared");
        for (text, ty) in [
            ("twice(least)", "int"),
            ("total * 2", "decimal(38,2)"),
            ("status == \"paid\"", "bool"),
            ("Status.paid", "Status"),
            ("note", "string?"),
            ("note ?? \"none\"", "string"),
            ("{ id, n: 1 }", "{ id: string, n: int }"),
            ("it", "{ id: string, total: decimal(18,2), status: Status, note: string? }"),
            ("null", "null"),
        ] {
            assert_eq!(told(&session, text), ty, "{text}");
        }
        assert_eq!(told(&session, "amount"), "expression:1:1: error[T0201]: there is no `amount` here\n");
    }

    #[test]
    fn the_event_is_of_a_type_a_source_or_a_table() {
        let mut session = session(FILE);
        assert!(session.declare_event("orders").is_ok());
        let wrong = session.declare_event("Ordr").expect_err("there is none");
        assert_eq!(wrong, "the file has no type, source or table `Ordr`; did you mean `Order`?");
    }

    /// What a name stands for is behind the event's columns, however many those are.
    #[test]
    fn bound_names_outlive_a_change_of_the_event() {
        let mut session = Session::default();
        let checked = session.check("expression", "[1, 2]").expect("right");
        session.bind("xs", &checked);
        let place = |session: &Session| match session.check("expression", "xs").expect("right") {
            Checked { expr: Expr { kind: ExprKind::Column(index), .. }, reads_event: false, .. } => index,
            other => panic!("{:?}", other.expr),
        };
        assert_eq!(place(&session), 0);
        session.infer_event(r#"{"a": 1, "xs": "shadowed"}"#).expect("right");
        assert_eq!(place(&session), 2);
        assert_eq!(told(&session, "it.xs"), "string");
        let checked = session.check("expression", "true").expect("right");
        session.bind("xs", &checked);
        assert_eq!(session.bound.len(), 1);
        assert_eq!(told(&session, "xs"), "bool");
    }

    #[test]
    fn a_file_that_others_use_needs_no_name() {
        let session = session("type A { b: int }\nfn twice(n: int) -> int = n * 2\n");
        assert_eq!(told(&session, "twice(4)"), "int");
    }
}
