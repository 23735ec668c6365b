//! The command line: one file per command. Results go to stdout, everything else to stderr; the exit code says who
//! must act.

mod bars;
mod check;
mod demo;
mod door;
mod exit;
mod files;
mod init;
mod load;
mod mart;
mod output;
mod report;
mod schema;
mod serve;
mod shell;
mod sql;
mod statement;
mod terminal;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Parser, Subcommand};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, local_mart};
use crate::error::{Error, Result};
use crate::mart::Mart;

use terminal::Terminal;

/// The stack of each thread: plans are recursive.
const STACK_BYTES: usize = 8 << 20;

/// An OLAP data mart and reporting server: star schemas from files, cubes in YAML, SQL over Arrow Flight.
#[derive(Debug, Parser)]
#[command(name = "starmart", version, propagate_version = true, after_help = EXAMPLES)]
struct Arguments {
    /// The project's folder, which other paths are relative to.
    #[arg(short = 'C', long = "directory", value_name = "DIR", global = true, default_value = ".", help_heading = GLOBAL)]
    directory: PathBuf,
    /// The configuration, instead of starmart.yaml in the project.
    #[arg(long, value_name = "FILE", global = true, help_heading = GLOBAL)]
    config: Option<PathBuf>,
    /// The mart, instead of the configuration's: a local folder.
    #[arg(long, value_name = "URL", global = true, help_heading = GLOBAL)]
    mart: Option<String>,
    /// Say nothing but results, errors and what must not be missed.
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    quiet: bool,
    /// Say also what is opened, and why an error came about.
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    verbose: bool,
    #[command(subcommand)]
    command: Command,
}

/// The heading of the options that every command takes.
const GLOBAL: &str = "Global options";

/// What an empty mart's owner is told.
const NOTHING_LOADED: &str = "nothing has been loaded yet; run starmart load";

const EXAMPLES: &str = "Examples:
  starmart demo                                   load the retail mart and serve it
  starmart init shop --from sales.csv             propose a model for your own files
  starmart -C demo sql -c 'SELECT department, revenue FROM sales'
  starmart -C demo check --data                   test the model against the data";

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Init(init::Init),
    Check(check::Check),
    Load(load::Load),
    Sql(sql::Sql),
    Serve(serve::Serve),
    #[command(subcommand)]
    Report(report::ReportCommand),
    #[command(subcommand)]
    Mart(mart::MartCommand),
    #[command(subcommand)]
    Schema(schema::Schema),
}

/// Everything that a command needs besides its own arguments.
struct Setting {
    directory: PathBuf,
    config: Option<PathBuf>,
    mart: Option<String>,
    terminal: Terminal,
    /// Cancelled by Ctrl-C and SIGTERM.
    stop: CancellationToken,
    /// Whether Ctrl-C is the command's own matter, as in the shell; it then cancels nothing by itself.
    conversing: Arc<AtomicBool>,
}

impl Setting {
    /// The project's configuration.
    fn config(&self) -> Result<Config> {
        let mut config = Config::load(&self.directory, self.config.as_deref())?;
        if let Some(mart) = &self.mart {
            config.mart = local_mart(&config.root, mart)?;
        }
        tracing::info!(project = %config.root.display(), mart = %config.mart, data = %config.data.display(), "opening");
        Ok(config)
    }

    /// The project's mart.
    async fn open(&self) -> Result<Arc<Mart>> {
        Mart::open(self.config()?).await
    }
}

/// Lets the memory of a command that ends soon come in small pages. The allocator asks for large ones, which pay where
/// memory is used again and again; what reads once and writes once is slower with them, and takes a half more.
fn small_pages() {
    // Where the kernel knows no such thing, nothing is lost.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

/// Runs the command that the arguments name; errors go to stderr.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(usage) => {
            let code = u8::try_from(usage.exit_code()).unwrap_or(2);
            // Whoever asks for help and goes away has seen enough.
            let _ = usage.print();
            return ExitCode::from(code);
        }
    };
    let terminal = Terminal::new(arguments.quiet, arguments.verbose);
    terminal.log();
    let checking = matches!(arguments.command, Command::Check(_));
    match start(arguments, terminal) {
        Ok(code) => code,
        Err(error) => {
            terminal.error(&error);
            exit::code(&error, checking)
        }
    }
}

fn start(arguments: Arguments, terminal: Terminal) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK_BYTES)
        .build()
        .map_err(|error| Error::internal("no threads can be started").with_source(error))?;
    let stop = CancellationToken::new();
    let setting = Setting {
        directory: arguments.directory,
        config: arguments.config,
        mart: arguments.mart,
        terminal,
        stop: stop.clone(),
        conversing: Arc::default(),
    };
    let conversing = Arc::clone(&setting.conversing);
    let command = arguments.command;
    let outcome = runtime.block_on(async move {
        tokio::spawn(signals(stop.clone(), conversing));
        let serving = matches!(command, Command::Serve(_) | Command::Demo(_));
        let work = dispatch(command, setting);
        if serving {
            return work.await;
        }
        tokio::select! {
            outcome = work => outcome,
            () = stop.cancelled() => Err(Error::cancelled("stopped")),
        }
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    outcome
}

async fn dispatch(command: Command, setting: Setting) -> Result<ExitCode> {
    match command {
        Command::Demo(demo) => demo.run(&setting).await,
        Command::Init(init) => init.run(&setting).await,
        Command::Check(check) => check.run(&setting).await,
        Command::Load(load) => load.run(&setting).await,
        Command::Sql(sql) => sql.run(&setting).await,
        Command::Serve(serve) => serve.run(&setting).await,
        Command::Report(report) => report.run(&setting).await,
        Command::Mart(mart) => mart.run(&setting).await,
        Command::Schema(schema) => schema.run(&setting).await,
    }
}

/// Ctrl-C and SIGTERM ask for an end; a second one does not ask.
async fn signals(stop: CancellationToken, conversing: Arc<AtomicBool>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    let mut asked = false;
    loop {
        tokio::select! {
            _ = interrupt.recv() => if conversing.load(Ordering::Relaxed) { continue },
            _ = terminate.recv() => {}
        }
        if asked {
            std::process::exit(i32::from(exit::STOPPED));
        }
        asked = true;
        stop.cancel();
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// Every command with its path.
    fn commands(command: &clap::Command, path: &str, found: &mut Vec<(String, clap::Command)>) {
        let path = format!("{path} {}", command.get_name());
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            commands(inner, &path, found);
        }
        found.push((path, command.clone()));
    }

    #[test]
    fn every_command_has_examples_and_its_own_options_first() {
        let mut root = Arguments::command();
        root.build();
        let mut found = Vec::new();
        commands(&root, "", &mut found);
        assert!(found.len() > 10);
        for (path, mut command) in found {
            let help = command.render_help().to_string();
            assert!(help.contains("\nExample:\n  ") || help.contains("\nExamples:\n  "), "{path}: {help}");
            let (own, global) = help.split_once("\nGlobal options:\n").unwrap();
            for option in ["--directory", "--config ", "--mart ", "--quiet", "--verbose"] {
                assert!(global.contains(option) && !own.contains(&format!("{option}  ")), "{path}: {help}");
            }
        }
    }
}
