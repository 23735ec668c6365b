//! What rows are sorted by: `ORDER BY revenue / 2 > 4`, `ORDER BY abs(coalesce(revenue, 0))`. DataFusion 55 cannot tell the
//! order of keys, signs and the like of what it knows no bounds of, such as CASE and our functions: its own check of
//! the plan then refuses the sort that was made for it. So keys are computed before, and rows are sorted by columns.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, Result};
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::logical_plan::{Projection, Sort, Window};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::optimizer::OptimizerConfig;
use datafusion::optimizer::optimizer::{ApplyOrder, OptimizerRule};

/// Computes keys before rows are sorted by them.
#[derive(Debug)]
pub(super) struct SortKeys;

impl OptimizerRule for SortKeys {
    fn name(&self) -> &str {
        "sort_keys"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(&self, plan: LogicalPlan, _config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        match plan {
            LogicalPlan::Sort(sort) if sort.expr.iter().any(|key| is_computed(&key.expr)) => sorted(sort),
            LogicalPlan::Window(window) if window.window_expr.iter().any(is_ordered_by_computed) => windowed(window),
            other => Ok(Transformed::no(other)),
        }
    }
}

fn sorted(mut sort: Sort) -> Result<Transformed<LogicalPlan>> {
    let mut computed = Computed::over(&sort.input);
    let columns = computed.columns.clone();
    for key in &mut sort.expr {
        computed.take(&mut key.expr);
    }
    sort.input = computed.beneath(sort.input)?;
    projected(columns, LogicalPlan::Sort(sort))
}

fn windowed(window: Window) -> Result<Transformed<LogicalPlan>> {
    let mut computed = Computed::over(&window.input);
    let mut columns = computed.columns.clone();
    let mut functions = window.window_expr;
    for function in &mut functions {
        if let Some(function) = window_mut(function) {
            function.params.partition_by.iter_mut().for_each(|key| computed.take(key));
            function.params.order_by.iter_mut().for_each(|key| computed.take(&mut key.expr));
        }
    }
    let within = Window::try_new(functions, computed.beneath(window.input)?)?;
    // What windows compute is called as they are written, which has changed.
    let of_windows = within.schema.columns().into_iter().rev().take(within.window_expr.len()).rev();
    let names = window.schema.columns().into_iter().skip(columns.len());
    columns.extend(of_windows.zip(names).map(|(column, name)| Expr::Column(column).alias(name.name)));
    projected(columns, LogicalPlan::Window(within))
}

fn projected(columns: Vec<Expr>, plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    Projection::try_new(columns, Arc::new(plan)).map(LogicalPlan::Projection).map(Transformed::yes)
}

/// The keys that are computed beside what a plan has.
struct Computed {
    /// The plan's columns.
    columns: Vec<Expr>,
    taken: Vec<String>,
    keys: Vec<(Expr, String)>,
}

impl Computed {
    fn over(plan: &LogicalPlan) -> Self {
        let columns = plan.schema().columns();
        Self {
            taken: columns.iter().map(|column| column.name.clone()).collect(),
            columns: columns.into_iter().map(Expr::Column).collect(),
            keys: Vec::new(),
        }
    }

    /// Puts a column in the place of a key that is none.
    fn take(&mut self, key: &mut Expr) {
        if !is_computed(key) {
            return;
        }
        let known = self.keys.iter().find(|(known, _)| known == key).map(|(_, name)| name.clone());
        let name = known.unwrap_or_else(|| {
            let mut name = key.schema_name().to_string();
            while self.taken.contains(&name) {
                name.push('\'');
            }
            self.taken.push(name.clone());
            self.keys.push((key.clone(), name.clone()));
            name
        });
        *key = Expr::Column(Column::new_unqualified(name));
    }

    /// The plan with the keys beside its columns.
    fn beneath(self, plan: Arc<LogicalPlan>) -> Result<Arc<LogicalPlan>> {
        let keys = self.keys.into_iter().map(|(key, name)| key.alias(name));
        let all = self.columns.into_iter().chain(keys).collect();
        Projection::try_new(all, plan).map(|projection| Arc::new(LogicalPlan::Projection(projection)))
    }
}

/// The window function under the names that it is given.
fn window_mut(expr: &mut Expr) -> Option<&mut WindowFunction> {
    match expr {
        Expr::WindowFunction(function) => Some(function),
        Expr::Alias(alias) => window_mut(&mut alias.expr),
        _ => None,
    }
}

fn is_ordered_by_computed(expr: &Expr) -> bool {
    let function = match expr {
        Expr::WindowFunction(function) => function,
        Expr::Alias(alias) => return is_ordered_by_computed(&alias.expr),
        _ => return false,
    };
    function.params.partition_by.iter().any(is_computed)
        || function.params.order_by.iter().any(|key| is_computed(&key.expr))
}

/// Whether a key is more than a column, whatever it is called.
fn is_computed(key: &Expr) -> bool {
    match key {
        Expr::Alias(alias) => is_computed(&alias.expr),
        key => !matches!(key, Expr::Column(_) | Expr::Literal(..)),
    }
}
