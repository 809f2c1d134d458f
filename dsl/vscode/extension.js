// Starts `tidegate lsp` for topology files, and shows what it gives: pages of codes, pictures of plans.

const { execFile } = require("node:child_process");
const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

/** Why the program does not run; nothing if it does. */
function whyNot(program) {
  return new Promise((resolve) => {
    execFile(program, ["--version"], { timeout: 10_000 }, (error) => {
      if (!error) return resolve(undefined);
      resolve(error.code === "ENOENT" ? "there is no such program" : error.message.split("\n")[0]);
    });
  });
}

async function start() {
  const settings = vscode.workspace.getConfiguration("tidegate");
  const program = settings.get("path") || "tidegate";
  const why = await whyNot(program);
  if (why) {
    const open = "Open the setting";
    const message = `\`${program}\` does not run: ${why}. Install tidegate so that it is on the PATH, or say in the setting "tidegate.path" where it is. Colours work without it.`;
    vscode.window.showErrorMessage(message, open).then((choice) => {
      if (choice === open) vscode.commands.executeCommand("workbench.action.openSettings", "tidegate.path");
    });
    return;
  }
  const documentSelector = [
    { language: "tide" },
    { language: "yaml", scheme: "file", pattern: settings.get("yaml") },
  ];
  client = new LanguageClient("tidegate", "Tidegate", { command: program, args: ["lsp"] }, { documentSelector });
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    vscode.window.showErrorMessage(`\`${program} lsp\` does not start: ${error.message}`);
  }
}

async function stop() {
  const running = client;
  client = undefined;
  if (running) await running.stop();
}

async function restart() {
  await stop();
  await start();
}

/** Asks the server for one of its own commands. */
function ask(command, argument) {
  if (!client) throw new Error("the language server does not run: see the setting tidegate.path");
  return client.sendRequest("workspace/executeCommand", { command, arguments: [argument] });
}

async function showGraph() {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return vscode.window.showInformationMessage("Open a topology file first.");
  try {
    const uri = editor.document.uri.toString();
    const { topology, svg } = await ask("tidegate.graph", uri);
    const panel = vscode.window.createWebviewPanel("tidegate.graph", topology, vscode.ViewColumn.Beside, {});
    panel.webview.html = `<!DOCTYPE html><meta charset="utf-8"><style>svg { max-width: 100%; height: auto }</style>${svg}`;
  } catch (error) {
    vscode.window.showErrorMessage(`No graph: ${error.message}`);
  }
}

/** Diagnostics name the page of their code as `tidegate:/codes/T0512.md`. */
const pages = {
  async provideTextDocumentContent(uri) {
    const { code, page } = await ask("tidegate.page", uri.path.split("/").pop().replace(".md", ""));
    return `# ${code}\n\n${page}\n`;
  },
};

async function activate(context) {
  context.subscriptions.push(
    vscode.workspace.registerTextDocumentContentProvider("tidegate", pages),
    vscode.commands.registerCommand("tidegate.showGraph", showGraph),
    vscode.commands.registerCommand("tidegate.restart", restart),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("tidegate")) restart();
    }),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
