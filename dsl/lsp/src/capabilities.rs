//! What the server can do, as it tells the editor.

use crate::command;
use serde_json::{Value, json};

/// What the editor can do that changes what the server tells it.
#[derive(Clone, Copy, Default)]
pub struct Client {
    registers_formatting: bool,
    registers_watching: bool,
}

impl Client {
    pub fn of(params: &Value) -> Client {
        let can = |place: &str| params["capabilities"].pointer(place) == Some(&Value::Bool(true));
        Client {
            registers_formatting: can("/textDocument/formatting/dynamicRegistration"),
            registers_watching: can("/workspace/didChangeWatchedFiles/dynamicRegistration"),
        }
    }

    pub fn answer(self) -> Value {
        json!({
            "capabilities": {
                "positionEncoding": "utf-16",
                // With each change only what has changed.
                "textDocumentSync": { "openClose": true, "change": 2, "save": false },
                "hoverProvider": true,
                "completionProvider": { "triggerCharacters": [".", ">", " ", "{", "(", "\""] },
                "definitionProvider": true,
                "referencesProvider": true,
                "documentHighlightProvider": true,
                "renameProvider": { "prepareProvider": true },
                "documentSymbolProvider": true,
                "documentFormattingProvider": !self.registers_formatting,
                "codeActionProvider": { "codeActionKinds": ["quickfix", "source.fixAll"] },
                "executeCommandProvider": { "commands": command::ALL },
            },
            "serverInfo": { "name": "tidegate", "version": env!("CARGO_PKG_VERSION") },
        })
    }

    /// What is asked of the editor once it is ready. None: nothing that it can do.
    pub fn registrations(self) -> Option<Value> {
        let mut all = Vec::new();
        if self.registers_formatting {
            // Not for YAML, which has formatters of its own: an editor would have to ask which is meant.
            let tide = json!([{ "language": "tide" }, { "pattern": "**/*.tide" }]);
            all.push(json!({
                "id": "formatting",
                "method": "textDocument/formatting",
                "registerOptions": { "documentSelector": tide },
            }));
        }
        if self.registers_watching {
            all.push(json!({
                "id": "files",
                "method": "workspace/didChangeWatchedFiles",
                "registerOptions": { "watchers": [{ "globPattern": "**/*.{tide,yaml,yml}" }] },
            }));
        }
        (!all.is_empty()).then(|| json!({ "registrations": all }))
    }
}
