//! One statement of the shell: asked, stopped by Ctrl-C, shown.

use std::future::Future;
use std::time::{Duration, Instant};

use futures::{FutureExt, StreamExt, stream};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Mutex;

use crate::clock;
use crate::error::{Error, Result};

use super::super::output::{self, Batches, Format, Sheet, Table, lay_out};
use super::super::statement::{Statement, Verb};
use super::{Shell, pager};

/// Ctrl-C, once the line is sent that was typed last: while one is typed, it is the editor's.
#[derive(Debug)]
pub(super) struct Interrupts(Mutex<Signal>);

impl Interrupts {
    /// # Errors
    /// Internal: signals cannot be had.
    pub(super) fn listen() -> Result<Self> {
        let signal = signal(SignalKind::interrupt())
            .map_err(|error| Error::internal("Ctrl-C cannot be waited for").with_source(error))?;
        Ok(Self(Mutex::new(signal)))
    }

    /// Forgets those that were for something else.
    pub(super) async fn forget(&self) {
        let mut signal = self.0.lock().await;
        while signal.recv().now_or_never().is_some() {}
    }

    /// The outcome of some work; none if Ctrl-C came first, which drops it.
    ///
    /// # Errors
    /// As the work.
    pub(super) async fn unless<T>(&self, work: impl Future<Output = Result<T>>) -> Result<Option<T>> {
        let mut signal = self.0.lock().await;
        tokio::select! {
            outcome = work => outcome.map(Some),
            _ = signal.recv() => Ok(None),
        }
    }
}

/// What has been made of an answer.
enum Answer {
    /// It is printed.
    Printed,
    /// A text to show.
    Text(String),
    /// A table to show, and how long it took: to the first rows, and in all.
    Table(Table, Duration, Duration),
}

impl Shell<'_> {
    /// Asks a statement and shows its answer; whether it was not stopped.
    ///
    /// # Errors
    /// Whatever is wrong with the statement or happens to it.
    pub(super) async fn ask(&self, statement: &Statement) -> Result<bool> {
        let asked = clock::monotonic();
        let Some(answer) = self.interrupts.unless(self.answer(statement, asked)).await? else { return Ok(false) };
        match answer {
            Answer::Printed => {}
            Answer::Text(text) => self.show(text).await?,
            Answer::Table(table, first, all) => {
                let laid = lay_out(&table.grid, self.sheet());
                self.show(laid.text).await?;
                let time = if self.timing {
                    format!(" (first after {}, all after {})", seconds(first), seconds(all))
                } else {
                    format!(" ({})", seconds(all))
                };
                table.tell(laid.cut, "\\format csv", self.setting.terminal, &time);
            }
        }
        Ok(true)
    }

    async fn answer(&self, statement: &Statement, asked: Instant) -> Result<Answer> {
        let (schema, mut batches) = self.door.query(&statement.text).await?;
        if schema.fields().is_empty() {
            return Ok(Answer::Printed);
        }
        if self.format != Format::Table {
            output::write(self.format, schema, batches, self.setting.terminal).await?;
            return Ok(Answer::Printed);
        }
        if statement.verb == Verb::Explain {
            return output::plans(batches).await.map(Answer::Text);
        }
        let begun: Vec<_> = batches.next().await.into_iter().collect();
        let first = asked.elapsed();
        let batches: Batches = Box::pin(stream::iter(begun).chain(batches));
        let table = Table::gather(&schema, batches, self.sheet()).await?;
        Ok(Answer::Table(table, first, asked.elapsed()))
    }

    /// What tables are printed on now.
    pub(super) fn sheet(&self) -> Sheet {
        Sheet { form: self.form, ..self.setting.terminal.sheet() }
    }

    /// Shows a text, in the pager if it is higher than the terminal.
    ///
    /// # Errors
    /// Exhausted: stdout cannot be written.
    pub(super) async fn show(&self, text: String) -> Result<()> {
        // The prompt and what is said below take two lines.
        let is_long = self.setting.terminal.height().is_some_and(|height| text.lines().count() + 2 > height);
        if !(self.pager && is_long) {
            return output::print(text).await;
        }
        let left = output::apart(move || Ok((!pager::page(&text)).then_some(text))).await?;
        self.interrupts.forget().await;
        match left {
            Some(text) => output::print(text).await,
            None => Ok(()),
        }
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}
