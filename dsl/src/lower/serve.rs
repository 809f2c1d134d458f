//! `serve`: a table's rows over HTTP.

use super::Lowerer;
use crate::ast::ServeDecl;
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use std::collections::BTreeMap;
use tidegate_model::plan::{JsonFormat, NodeKind, Serve};

impl Lowerer<'_> {
    pub(super) fn serves(&mut self) {
        let topology = self.topology;
        let mut paths: BTreeMap<String, crate::source::Span> = BTreeMap::new();
        for decl in &topology.serves {
            self.serve(decl);
            // Paths that differ in the names of their places only answer the same requests.
            let shape: Vec<&str> = decl
                .path
                .node
                .split('/')
                .map(|part| if part.starts_with('{') { "{}" } else { part })
                .collect();
            if let Some(before) = paths.insert(shape.join("/"), decl.path.span) {
                self.diagnostics.push(
                    Diagnostic::error(codes::SERVE, decl.path.span, "another table answers at this path")
                        .because(before, "here"),
                );
            }
        }
    }

    fn serve(&mut self, decl: &ServeDecl) {
        let Some(flow) = self.flow(&decl.table) else { return };
        let key = match (&flow.key, flow.is_table) {
            (Some(key), true) => key.clone(),
            _ => {
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::TABLE_NEEDED,
                        decl.table.span,
                        format!("`{}` is a stream, and rows of a table are served", decl.table.node),
                    )
                    .note("make a table of it: `table … = … |> latest by …`"),
                );
                return;
            }
        };
        let path = &decl.path;
        let wrong = |message: String| Diagnostic::error(codes::SERVE, path.span, message);
        if !path.node.starts_with('/') || path.node.split('/').skip(1).any(str::is_empty) {
            self.diagnostics.push(
                wrong(format!("{:?} is no path", path.node)).note("for example \"/stations/{station_id}\""),
            );
            return;
        }
        if path.node.starts_with("/v1/") || ["/live", "/ready", "/metrics"].contains(&path.node.as_str()) {
            self.diagnostics.push(
                wrong(format!("{:?} is one of the engine's own paths", path.node))
                    .note("choose another beginning"),
            );
            return;
        }
        let mut columns = Vec::new();
        for part in path.node.split('/').skip(1) {
            let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
                let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
                if !part.bytes().all(legal) {
                    self.diagnostics.push(
                        wrong(format!("`{part}` cannot be a part of the path"))
                            .note("letters, digits, `-`, `.`, `_` and `~`, or one place `{name}`"),
                    );
                    return;
                }
                continue;
            };
            let found = key.iter().copied().find(|column| flow.schema.columns[*column].path == name);
            match found {
                Some(column) if !columns.contains(&column) => columns.push(column),
                Some(_) => {
                    self.diagnostics.push(wrong(format!("`{{{name}}}` is there twice")));
                    return;
                }
                None => {
                    let diagnostic =
                        wrong(format!("`{name}` is no part of the key of `{}`", decl.table.node));
                    let names = key.iter().map(|column| flow.schema.columns[*column].path.as_str());
                    self.diagnostics.push(match did_you_mean(name, names) {
                        Some(meant) => diagnostic.here(format!("did you mean `{{{meant}}}`?")),
                        None => diagnostic.note(format!("its key is `{}`", flow.names(&key))),
                    });
                    return;
                }
            }
        }
        if let Some(missing) = key.iter().find(|column| !columns.contains(column)) {
            let missing = &flow.schema.columns[*missing].path;
            self.diagnostics.push(
                wrong(format!("the path has no place for `{missing}`, a part of the key"))
                    .note(format!("write `{{{missing}}}` where it stands")),
            );
            return;
        }
        let serve = Serve { path: path.node.clone(), key: columns, format: JsonFormat::default() };
        let name = format!("{}.serve", decl.table.node);
        let name = if self.node_places.contains_key(&name) { format!("{name}{}", path.node) } else { name };
        self.add(name, NodeKind::Serve(serve), vec![flow.node], flow.schema.clone(), decl.table.span);
    }
}
