//! The stages of a plan: what each node does, and what it came to.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use datafusion::common::JoinType;
use datafusion::datasource::physical_plan::{FileScanConfig, FileSource, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_expr::split_conjunction;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::{CrossJoinExec, HashJoinExec, NestedLoopJoinExec, SortMergeJoinExec};
use datafusion::physical_plan::limit::{GlobalLimitExec, LocalLimitExec};
use datafusion::physical_plan::metrics::{MetricValue, MetricsSet};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};

use super::super::offset::passed_over;
use super::words;

/// A stage.
pub(super) struct Stage {
    /// How many stages its rows go through after it.
    pub(super) depth: usize,
    /// What it does.
    pub(super) told: String,
    /// Which rows alone it is asked for.
    pub(super) asked: Vec<String>,
    /// What it came to.
    pub(super) figures: String,
}

/// The stages of a plan, the last one first, each before those that its rows come from.
pub(super) fn stages(plan: &Arc<dyn ExecutionPlan>) -> Vec<Stage> {
    let (mut found, mut made_up) = (Vec::new(), HashMap::new());
    walk(plan, 0, &mut found, &mut made_up);
    for stage in &mut found {
        stage.told = words::said_for(&stage.told, &made_up);
    }
    found
}

/// `made_up` collects what names stand for that no statement has.
fn walk(plan: &Arc<dyn ExecutionPlan>, depth: usize, found: &mut Vec<Stage>, made_up: &mut HashMap<String, String>) {
    if let Some(aggregate) = plan.downcast_ref::<AggregateExec>().filter(|node| !is_final(node)) {
        let keys = aggregate.group_expr().expr().iter().map(|(key, name)| (name.clone(), words::expr(key)));
        let aggregates = aggregate.aggr_expr().iter().map(|each| (each.name().to_owned(), words::aggregate(each)));
        made_up.extend(keys.chain(aggregates).filter(|(name, _)| words::is_made_up(name)));
    }
    let told = told(plan.as_ref());
    let beneath = depth + usize::from(told.is_some());
    let asked = asked(plan.as_ref());
    found.extend(told.map(|told| Stage { depth, told, asked, figures: figures(plan.as_ref()) }));
    for child in plan.children() {
        walk(child, beneath, found, made_up);
    }
}

/// What a node does; none if it only moves or renames rows.
fn told(node: &dyn ExecutionPlan) -> Option<String> {
    if let Some(scan) = node.downcast_ref::<DataSourceExec>() {
        return Some(read(scan));
    }
    if let Some(aggregate) = node.downcast_ref::<AggregateExec>() {
        return aggregated(aggregate);
    }
    if let Some(filter) = node.downcast_ref::<FilterExec>() {
        return Some(format!("keep where {}", words::expr(filter.predicate())));
    }
    if let Some(sort) = node.downcast_ref::<SortExec>() {
        let first = sort.fetch().map(|rows| format!("first {} ", words::grouped(rows))).unwrap_or_default();
        let by = sort
            .expr()
            .iter()
            .map(|by| format!("{}{}", words::expr(&by.expr), if by.options.descending { " descending" } else { "" }));
        return Some(format!("{first}sorted by {}", by.collect::<Vec<_>>().join(", ")));
    }
    if let Some(limit) = node.downcast_ref::<GlobalLimitExec>() {
        let skipped = if limit.skip() > 0 { format!(" after {}", words::grouped(limit.skip())) } else { String::new() };
        return Some(format!("first {} rows{skipped}", limit.fetch().map_or("all".into(), words::grouped)));
    }
    if let Some(rows) = passed_over(node) {
        return Some(format!("first all rows after {}", words::grouped(rows)));
    }
    if node.is::<LocalLimitExec>() {
        return None;
    }
    if let Some(projection) = node.downcast_ref::<ProjectionExec>() {
        return computed(projection);
    }
    if let Some(joined) = joined(node) {
        return Some(joined);
    }
    if node.is::<UnionExec>() {
        return Some("all rows of each".into());
    }
    if node.is::<EmptyExec>() {
        return Some("no rows: the statistics of the files, or the conditions, rule all out".into());
    }
    match node.name() {
        "RepartitionExec"
        | "CoalescePartitionsExec"
        | "CoalesceBatchesExec"
        | "CooperativeExec"
        | "SortPreservingMergeExec"
        | "Scan"
        | "Untold"
        | "Whole"
        | "WindowInflow"
        | "WindowOutflow"
        | "StoppableJoin" => None,
        "WindowAggExec" | "BoundedWindowAggExec" => Some("windows".into()),
        "PlaceholderRowExec" => Some("one row of constants".into()),
        other => Some(other.trim_end_matches("Exec").to_owned()),
    }
}

fn read(scan: &DataSourceExec) -> String {
    let columns: Vec<String> = scan.schema().fields().iter().map(|field| field.name().clone()).collect();
    let columns = if columns.is_empty() { "no columns".to_owned() } else { columns.join(", ") };
    let Some((files, _)) = scan.downcast_to_file_source::<ParquetSource>() else {
        return format!("rows at hand: {columns}");
    };
    let mut paths: Vec<_> = files.file_groups.iter().flat_map(|group| group.files()).map(|file| file.path()).collect();
    paths.sort();
    paths.dedup();
    let count = if paths.len() == 1 { "1 file".to_owned() } else { format!("{} files", words::grouped(paths.len())) };
    format!("read mart.{}, {count}: {columns}", table(files).unwrap_or_default())
}

/// The conditions that a scan is given: files, parts of files, and rows that break them need not be read.
fn asked(node: &dyn ExecutionPlan) -> Vec<String> {
    let scan = node.downcast_ref::<DataSourceExec>().and_then(|scan| scan.downcast_to_file_source::<ParquetSource>());
    let condition = scan.and_then(|(_, source)| source.filter());
    condition.iter().flat_map(|all| split_conjunction(all)).map(words::expr).collect()
}

/// The table that files belong to: the folder that they lie in.
fn table(files: &FileScanConfig) -> Option<String> {
    let file = files.file_groups.iter().find_map(|group| group.files().first())?;
    Some(file.object_meta.location.parts().nth_back(1)?.as_ref().to_owned())
}

fn is_final(node: &AggregateExec) -> bool {
    matches!(node.mode(), AggregateMode::Final | AggregateMode::FinalPartitioned)
}

fn aggregated(node: &AggregateExec) -> Option<String> {
    if is_final(node) {
        return Some("groups of all threads together".into());
    }
    let keys: Vec<String> = node.group_expr().expr().iter().map(|(key, _)| words::expr(key)).collect();
    let aggregates: Vec<String> = node.aggr_expr().iter().map(|aggregate| words::plain(aggregate.name())).collect();
    Some(match (keys.is_empty(), aggregates.is_empty()) {
        (true, _) => format!("in total: {}", aggregates.join(", ")),
        (false, true) => format!("different {}", keys.join(", ")),
        (false, false) => format!("by {}: {}", keys.join(", "), aggregates.join(", ")),
    })
}

/// The columns that a node computes; none where it only chooses and renames.
fn computed(node: &ProjectionExec) -> Option<String> {
    let own = node.expr().iter().filter(|column| !column.expr.is::<datafusion::physical_expr::expressions::Column>());
    let own: Vec<String> =
        own.map(|column| format!("{} = {}", words::plain(&column.alias), words::expr(&column.expr))).collect();
    (!own.is_empty()).then(|| format!("compute {}", own.join(", ")))
}

fn joined(node: &dyn ExecutionPlan) -> Option<String> {
    type Pairs<'a> = &'a [(Arc<dyn PhysicalExpr>, Arc<dyn PhysicalExpr>)];
    let on = |pairs: Pairs<'_>| {
        let pairs = pairs.iter().map(|(left, right)| format!("{} = {}", words::expr(left), words::expr(right)));
        pairs.collect::<Vec<_>>().join(" AND ")
    };
    if let Some(join) = node.downcast_ref::<HashJoinExec>() {
        Some(format!("{} on {}", kind(*join.join_type()), on(join.on())))
    } else if let Some(join) = node.downcast_ref::<SortMergeJoinExec>() {
        Some(format!("{} of sorted rows on {}", kind(join.join_type()), on(join.on())))
    } else if let Some(join) = node.downcast_ref::<NestedLoopJoinExec>() {
        Some(format!("{} of each row with each", kind(*join.join_type())))
    } else if node.is::<CrossJoinExec>() {
        Some("each row with each".into())
    } else {
        None
    }
}

fn kind(of: JoinType) -> &'static str {
    match of {
        JoinType::Inner => "join",
        JoinType::Left => "join, all rows of the first",
        JoinType::Right => "join, all rows of the second",
        JoinType::Full => "join, all rows of both",
        JoinType::LeftSemi => "rows of the first that find one",
        JoinType::RightSemi => "rows of the second that find one",
        JoinType::LeftAnti => "rows of the first that find none",
        JoinType::RightAnti => "rows of the second that find none",
        JoinType::LeftMark | JoinType::RightMark => "whether rows find one",
    }
}

/// What a node came to: rows, time, and for a scan what it left unread.
fn figures(node: &dyn ExecutionPlan) -> String {
    let Some(metrics) = node.metrics() else { return String::new() };
    let mut told = Vec::new();
    told.extend(metrics.output_rows().map(|rows| format!("{} rows", words::grouped(rows))));
    let scan = node.is::<DataSourceExec>();
    let nanos = if scan { count(&metrics, "time_elapsed_processing") } else { metrics.elapsed_compute() };
    told.extend(nanos.map(|nanos| words::time(Duration::from_nanos(nanos as u64))));
    if scan {
        told.extend(count(&metrics, "bytes_scanned").map(|read| format!("{} read", words::bytes(read))));
        told.extend(
            pruned(&metrics, "row_groups_pruned_statistics")
                .filter(|(_, all)| *all > 0)
                .map(|(matched, all)| format!("{} of {} row groups", words::grouped(matched), words::grouped(all))),
        );
    }
    told.extend(
        metrics
            .spilled_bytes()
            .filter(|spilled| *spilled > 0)
            .map(|spilled| format!("{} spilled to disk", words::bytes(spilled))),
    );
    told.join(" · ")
}

fn count(metrics: &MetricsSet, name: &str) -> Option<usize> {
    metrics.sum_by_name(name).map(|value| value.as_usize())
}

/// How many things were left after pruning, and how many there were.
fn pruned(metrics: &MetricsSet, name: &str) -> Option<(usize, usize)> {
    let mut found = None;
    for metric in metrics.iter() {
        if let MetricValue::PruningMetrics { name: its, pruning_metrics } = metric.value()
            && its == name
        {
            let (matched, all) = found.unwrap_or_default();
            let here = pruning_metrics.matched();
            found = Some((matched + here, all + here + pruning_metrics.pruned()));
        }
    }
    found
}
