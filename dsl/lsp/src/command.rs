//! Commands of the server's own, for editors that show what they give.

use crate::document::Documents;
use crate::failure::{Answer, Failure};
use serde_json::{Value, json};
use tidegate_dsl::diagnostic::codes;
use tidegate_dsl::{GraphFormat, graph};

pub const ALL: [&str; 2] = ["tidegate.page", "tidegate.graph"];

pub fn execute(documents: &Documents, params: &Value) -> Answer {
    let argument = params["arguments"][0].as_str();
    match params["command"].as_str() {
        Some("tidegate.page") => page(argument),
        Some("tidegate.graph") => picture(documents, argument),
        _ => Err(Failure::no_method("there is no such command")),
    }
}

/// `tidegate.page` with a code such as `T0512`: what it means.
fn page(code: Option<&str>) -> Answer {
    let code =
        code.and_then(codes::parse).ok_or_else(|| Failure::params("a code such as T0512 is needed"))?;
    Ok(json!({ "code": code.to_string(), "page": codes::page(code) }))
}

/// `tidegate.graph` with the address of an open file: its plan as a picture, in SVG.
fn picture(documents: &Documents, uri: Option<&str>) -> Answer {
    let uri = uri.ok_or_else(|| Failure::params("the address of an open file is needed"))?;
    let document = documents.get(uri).ok_or_else(|| Failure::params(format!("{uri} is not open")))?;
    let plan = document.analysis.compiled.plan.as_ref();
    let plan = plan.ok_or_else(|| Failure::refused("the file has errors: there is nothing to draw yet"))?;
    Ok(json!({ "topology": plan.topology.to_string(), "svg": graph(plan, GraphFormat::Svg) }))
}
