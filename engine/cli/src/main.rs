//! The `tidegate` command.

mod acls;
mod check;
mod convert;
mod dlq;
mod doctor;
mod eval;
mod explain;
mod failpoints;
mod fmt;
mod kafka_options;
mod load;
mod lsp;
mod new;
mod plan;
mod run;
mod schema;
mod signals;
mod test;

use clap::{Parser, Subcommand, ValueEnum};
use std::process::ExitCode;

/// One allocator thread cache for each worker: the data path allocates little, but in many sizes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Everything is right.
pub const OK: u8 = 0;
/// The topology has errors (`check`), a test failed, or a run stopped.
pub const FAILED: u8 = 1;
/// The topology or the configuration of a run is wrong: nothing was started.
pub const UNUSABLE: u8 = 2;

/// Stream processing on Kafka from one topology file.
#[derive(Parser)]
#[command(name = "tidegate", version, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 all is well; 1 errors in a checked file, a failed test, or a run that stopped; 2 a topology or configuration that cannot be run."
)]
struct Cli {
    /// Logs as text or as lines of JSON, on standard error
    #[arg(long, value_enum, default_value = "text", global = true)]
    log: LogFormat,
    /// Only warnings and errors
    #[arg(long, short, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[derive(Subcommand)]
enum Command {
    /// Makes a folder with a topology, its tests and sample events, that runs at once
    #[command(after_help = new::HELP)]
    New(new::Arguments),
    /// Checks topology files: everything that `run` checks before it connects
    #[command(after_help = check::HELP)]
    Check(check::Arguments),
    /// Rewrites topology files of the text form (.tide) in their canonical form; comments stay
    #[command(after_help = fmt::HELP)]
    Fmt(fmt::Arguments),
    /// Writes a topology file in the other spelling, text or YAML, to standard output; comments stay
    #[command(after_help = convert::HELP)]
    Convert(convert::Arguments),
    /// Evaluates an expression of the language, or answers line after line: values, types, and what would go to `errors ->`
    #[command(after_help = eval::HELP)]
    Eval(eval::Arguments),
    /// Shows the plan (keys, repartitions, stores, topics, guarantees), or what a code such as T0512 or a function means
    #[command(
        after_help = "Examples:\n  tidegate explain topologies/fraud/topology.tide\n  tidegate explain T0512\n  tidegate explain steps\n  tidegate explain rolling\n  tidegate explain functions\n  tidegate explain lower\n  tidegate explain topologies/fraud/topology.tide --acls User:fraud"
    )]
    Explain(explain::Arguments),
    /// Draws the topology
    #[command(after_help = "Example: tidegate graph topologies/fraud/topology.tide --format mermaid")]
    Graph(explain::GraphArguments),
    /// Shows what a changed topology keeps, begins anew or cannot use of what another version of it has made
    #[command(
        after_help = "Examples:\n  tidegate plan topology.tide --against topology.old.tide\n  tidegate plan topology.tide --against ./tidegate-data\nExit code 1: `run` would refuse to start."
    )]
    Plan(plan::Arguments),
    /// Looks whether brokers and topics keep what the topology promises: copies, retention, partitions, time-outs
    #[command(after_help = doctor::HELP)]
    Doctor(doctor::Arguments),
    /// Shows what the topology's routes have set aside, and sends it back: unchanged or mended, each record once
    #[command(after_help = dlq::HELP)]
    Dlq(dlq::Arguments),
    /// Runs the `test` blocks of topology files, in virtual time
    #[command(after_help = test::HELP)]
    Test(test::Arguments),
    /// Writes the JSON Schema of the YAML form to standard output, for editors
    #[command(after_help = schema::HELP)]
    Schema,
    /// The language server, for editors: speaks over standard input and output
    Lsp,
    /// Runs a topology: on Kafka with --brokers, else on the embedded log
    #[command(after_help = run::EXAMPLES)]
    Run(run::Arguments),
    /// Writes completions for a shell to standard output
    #[command(after_help = "Example: tidegate completions bash > /etc/bash_completion.d/tidegate")]
    Completions {
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    log_to_stderr(&cli);
    if let Err(error) = failpoints::arm() {
        eprintln!("error: {error:#}");
        return ExitCode::from(UNUSABLE);
    }
    let code = match &cli.command {
        Command::New(arguments) => new::new(arguments),
        Command::Check(arguments) => check::check(arguments),
        Command::Fmt(arguments) => fmt::fmt(arguments),
        Command::Convert(arguments) => convert::convert(arguments),
        Command::Eval(arguments) => eval::eval(arguments),
        Command::Explain(arguments) => explain::explain(arguments),
        Command::Graph(arguments) => explain::graph(arguments),
        Command::Plan(arguments) => plan::plan(arguments),
        Command::Doctor(arguments) => doctor::doctor(arguments),
        Command::Dlq(arguments) => dlq::dlq(arguments),
        Command::Test(arguments) => test::test(arguments),
        Command::Schema => schema::schema(),
        Command::Lsp => lsp::lsp(),
        Command::Run(arguments) => run::run(arguments, cli.quiet),
        Command::Completions { shell } => completions(*shell),
    };
    ExitCode::from(code)
}

fn completions(shell: clap_complete::Shell) -> u8 {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut <Cli as clap::CommandFactory>::command(), "tidegate", &mut out);
    print(&String::from_utf8_lossy(&out));
    OK
}

fn log_to_stderr(cli: &Cli) {
    let default = if cli.quiet { "warn" } else { "info" };
    let filter =
        tracing_subscriber::EnvFilter::try_from_env("TIDEGATE_LOG").unwrap_or_else(|_| default.into());
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let colour =
        std::io::IsTerminal::is_terminal(&std::io::stderr()) && std::env::var_os("NO_COLOR").is_none();
    match cli.log {
        LogFormat::Json => builder.json().init(),
        LogFormat::Text => builder.with_target(false).with_ansi(colour).init(),
    }
}

/// Writes to standard output; a reader that went away (`| head`) is no error.
fn print(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
