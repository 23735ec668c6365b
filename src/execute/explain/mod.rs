//! A physical plan told to people: what is read, joined, grouped and sorted, and, once it has run, rows and times of each
//! stage. Nodes that only move rows between threads are passed over.

mod stage;
mod words;

use std::sync::Arc;
use std::time::Duration;

use datafusion::physical_plan::ExecutionPlan;
use unicode_width::UnicodeWidthStr;

use stage::{Stage, stages};

/// Where the figures of stages begin at the latest, in columns of a terminal.
const FIGURES_FROM: usize = 96;

/// What a query came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ran {
    pub(super) rows: usize,
    pub(super) took: Duration,
}

/// The lines that tell of a plan, and of its run if it has run.
pub(super) fn lines(plan: &Arc<dyn ExecutionPlan>, ran: Option<Ran>) -> Vec<String> {
    let stages = stages(plan);
    let told = |stage: &Stage| format!("{}{}", "  ".repeat(stage.depth + 1), stage.told);
    let width = stages.iter().map(|stage| told(stage).width()).max().unwrap_or_default().min(FIGURES_FROM);
    let mut lines = vec![
        if ran.is_some() { "how it ran, the last step first" } else { "how it runs, the last step first" }.to_owned(),
    ];
    for stage in &stages {
        let mut line = told(stage);
        if ran.is_some() {
            let room = width.saturating_sub(line.width());
            line.push_str(&" ".repeat(room));
            line.push_str(&format!("  {}", stage.figures));
        }
        lines.push(line);
        let indent = "  ".repeat(stage.depth + 2);
        for (at, condition) in stage.asked.iter().enumerate() {
            lines.push(format!("{indent}{} {condition}", if at == 0 { "where" } else { "  and" }));
        }
    }
    lines.extend(ran.map(|ran| {
        format!(
            "{} rows in {}; times of stages add up over {} threads",
            words::grouped(ran.rows),
            words::time(ran.took),
            threads(plan)
        )
    }));
    lines
}

/// How many threads a plan runs on at most.
fn threads(plan: &Arc<dyn ExecutionPlan>) -> usize {
    let own = plan.properties().partitioning.partition_count();
    plan.children().into_iter().map(threads).max().unwrap_or_default().max(own)
}
