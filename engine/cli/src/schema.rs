//! `tidegate schema`

use crate::{OK, print};

pub const HELP: &str = "Example: tidegate schema > topology.schema.json
An editor with a YAML language server then completes and checks a topology whose first line is
  # yaml-language-server: $schema=topology.schema.json
`tidegate check` tells what a schema cannot: names, types and expressions.";

pub fn schema() -> u8 {
    print(&tidegate_dsl::yaml_schema());
    OK
}
