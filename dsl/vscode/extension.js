// Starts `tidegate lsp` for topology files, and shows the pages of codes.

const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

async function activate(context) {
  const settings = vscode.workspace.getConfiguration("tidegate");
  const command = settings.get("command");
  const run = { command, args: ["lsp"] };
  const documentSelector = [
    { language: "tide" },
    { language: "yaml", scheme: "file", pattern: settings.get("yaml") },
  ];
  client = new LanguageClient("tidegate", "Tidegate", run, { documentSelector });

  // Diagnostics name the page of their code as `tidegate:/codes/T0512.md`.
  const pages = {
    async provideTextDocumentContent(uri) {
      const code = uri.path.split("/").pop().replace(".md", "");
      const answer = await client.sendRequest("workspace/executeCommand", {
        command: "tidegate.page",
        arguments: [code],
      });
      return `# ${answer.code}\n\n${answer.page}\n`;
    },
  };
  context.subscriptions.push(vscode.workspace.registerTextDocumentContentProvider("tidegate", pages));

  try {
    await client.start();
  } catch (error) {
    vscode.window.showErrorMessage(
      `\`${command} lsp\` does not start (${error.message}). Install tidegate, or set "tidegate.command" to where it is.`,
    );
  }
}

function deactivate() {
  return client && client.stop();
}

module.exports = { activate, deactivate };
