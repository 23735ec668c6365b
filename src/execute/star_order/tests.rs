use std::collections::BTreeMap;

use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Statistics;
use datafusion::common::stats::Precision;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::provider_as_source;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::{LogicalPlanBuilder, TableType, col, lit};
use datafusion::optimizer::{Optimizer, OptimizerContext};
use datafusion::physical_plan::{ExecutionPlan, collect};
use proptest::prelude::*;

use super::*;

/// A table that says it has so many rows, and those that are read.
#[derive(Debug)]
struct Counted {
    schema: SchemaRef,
    said: usize,
    rows: RecordBatch,
}

#[async_trait]
impl TableProvider for Counted {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn statistics(&self) -> Option<Statistics> {
        Some(Statistics { num_rows: Precision::Exact(self.said), ..Statistics::new_unknown(&self.schema) })
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let rows = [vec![self.rows.clone()]];
        Ok(MemorySourceConfig::try_new_exec(&rows, self.schema(), projection.cloned())?)
    }
}

fn table(name: &str, rows: usize, columns: &[&str]) -> LogicalPlanBuilder {
    let fields = columns.iter().map(|name| Field::new(*name, DataType::Int64, true)).collect::<Vec<_>>();
    let schema = Arc::new(Schema::new(fields));
    scanned(name, rows, RecordBatch::new_empty(schema))
}

fn scanned(name: &str, said: usize, rows: RecordBatch) -> LogicalPlanBuilder {
    let provider = Arc::new(Counted { schema: rows.schema(), said, rows });
    LogicalPlanBuilder::scan(name, provider_as_source(provider), None).unwrap()
}

fn fact() -> LogicalPlanBuilder {
    table("lines", 1_000_000, &["product", "household", "amount"])
}

fn products() -> LogicalPlan {
    table("products", 90_000, &["product", "brand"]).filter(col("products.brand").eq(lit(1))).unwrap().build().unwrap()
}

fn households() -> LogicalPlan {
    table("households", 2_500, &["household", "city"]).build().unwrap()
}

fn told() -> LogicalPlan {
    let all = table("told", 800, &["household", "income"]);
    all.filter(col("told.income").eq(lit(3))).unwrap().build().unwrap()
}

fn join(left: LogicalPlanBuilder, of: JoinType, right: LogicalPlan, on: [&str; 2]) -> LogicalPlanBuilder {
    left.join(right, of, (vec![on[0]], vec![on[1]]), None).unwrap()
}

/// The tables in the order in which the rule joins them, with the columns that join each.
#[track_caller]
fn ordered(plan: LogicalPlanBuilder) -> String {
    let plan = plan.build().unwrap();
    let schema = Arc::clone(plan.schema());
    let reordered = StarOrder.rewrite(plan, &OptimizerContext::new()).unwrap();
    assert_eq!(reordered.data.schema().columns(), schema.columns());
    let mut joins = Vec::new();
    let mut plan = match &reordered.data {
        LogicalPlan::Projection(projection) => projection.input.as_ref(),
        plan => plan,
    };
    while let LogicalPlan::Join(join) = plan {
        let (left, right) = &join.on[0];
        joins.push(format!("{} {left} = {right}", join.join_type));
        plan = &join.left;
    }
    joins.reverse();
    joins.join(", ")
}

#[test]
fn the_join_that_leaves_fewest_rows_comes_first_by_the_facts_own_key() {
    let plan = join(fact(), JoinType::Inner, products(), ["lines.product", "products.product"]);
    let plan = join(plan, JoinType::Inner, households(), ["lines.household", "households.household"]);
    let plan = join(plan, JoinType::Inner, told(), ["households.household", "told.household"]);
    assert_eq!(
        ordered(plan),
        "Inner lines.household = told.household, Inner lines.product = products.product, \
         Inner lines.household = households.household"
    );
}

#[test]
fn joins_that_drop_no_rows_come_last_and_otherwise_nothing_moves() {
    let plan = join(fact(), JoinType::Left, households(), ["lines.household", "households.household"]);
    let moved = join(plan, JoinType::Inner, products(), ["lines.product", "products.product"]);
    assert_eq!(ordered(moved), "Inner lines.product = products.product, Left lines.household = households.household");
    let plan = join(fact(), JoinType::Inner, products(), ["lines.product", "products.product"]);
    let kept = join(plan, JoinType::Inner, households(), ["lines.household", "households.household"]);
    assert_eq!(ordered(kept), "Inner lines.product = products.product, Inner lines.household = households.household");
}

/// What a left join finds may be NULL: its key is not the fact's.
#[test]
fn what_needs_another_join_stays_behind_it() {
    let plan = join(fact(), JoinType::Left, households(), ["lines.household", "households.household"]);
    let plan = join(plan, JoinType::Inner, told(), ["households.household", "told.household"]);
    let same = "Left lines.household = households.household, Inner households.household = told.household";
    assert_eq!(ordered(plan), same);
    let plan = join(fact(), JoinType::Inner, households(), ["lines.household", "households.household"]);
    let plan = join(plan, JoinType::Inner, told(), ["households.city", "told.household"]);
    let same = "Inner lines.household = households.household, Inner households.city = told.household";
    assert_eq!(ordered(plan), same);
}

#[test]
fn nothing_moves_where_rows_may_multiply_or_are_not_counted() {
    let lines = || table("others", 900_000, &["product", "amount"]).filter(col("others.amount").eq(lit(1))).unwrap();
    let plan = join(fact(), JoinType::Inner, households(), ["lines.household", "households.household"]);
    let plan = join(plan, JoinType::Inner, lines().build().unwrap(), ["lines.product", "others.product"]);
    let same = "Inner lines.household = households.household, Inner lines.product = others.product";
    assert_eq!(ordered(plan), same);
    let grouped = fact().aggregate(vec![col("lines.product"), col("lines.household")], Vec::<Expr>::new()).unwrap();
    let plan = join(grouped, JoinType::Inner, households(), ["lines.household", "households.household"]);
    let plan = join(plan, JoinType::Inner, products(), ["lines.product", "products.product"]);
    let same = "Inner lines.household = households.household, Inner lines.product = products.product";
    assert_eq!(ordered(plan), same);
}

#[test]
fn every_order_has_what_it_needs() {
    let needed = [vec![], vec![0], vec![], vec![1, 2]];
    for shares in [[0.9, 0.1, 0.5, 0.0], [0.1, 0.9, 0.9, 0.1], [1.0; 4]] {
        let order = order(&shares, &needed);
        let places: BTreeMap<usize, usize> = order.iter().enumerate().map(|(place, at)| (*at, place)).collect();
        assert_eq!(places.len(), 4);
        assert!(needed.iter().enumerate().all(|(at, before)| before.iter().all(|one| places[one] < places[&at])));
    }
    assert_eq!(order(&[0.5, 0.1], &[vec![1], vec![0]]), [0, 1]);
}

/// Rows of two or three small numbers, NULLs among them.
fn rows(columns: &'static [&'static str]) -> impl Strategy<Value = RecordBatch> {
    let column = || prop::collection::vec(prop::option::weighted(0.8, 0..3_i64), 8);
    prop::collection::vec(column(), columns.len()).prop_map(|values| {
        let arrays = values.into_iter().map(|values| Arc::new(Int64Array::from(values)) as ArrayRef);
        RecordBatch::try_from_iter_with_nullable(columns.iter().zip(arrays).map(|(name, array)| (*name, array, true)))
            .unwrap()
    })
}

/// A join of a dimension: whether it keeps all rows, to which earlier column, on what, and of how many rows said.
type Step = (bool, prop::sample::Index, bool, Option<i64>, usize, RecordBatch);

fn step() -> impl Strategy<Value = Step> {
    let condition = prop::option::weighted(0.5, 0..3_i64);
    (
        prop::bool::weighted(0.4),
        any::<prop::sample::Index>(),
        any::<bool>(),
        condition,
        1..2000_usize,
        rows(&["k", "v"]),
    )
}

fn star(fact: &RecordBatch, steps: &[Step]) -> LogicalPlan {
    let mut plan = scanned("fact", 2000, fact.clone());
    let mut named: Vec<String> = ["a", "b", "c"].iter().map(|name| format!("fact.{name}")).collect();
    for (at, (keeps_all, to, by_key, condition, said, rows)) in steps.iter().enumerate() {
        let name = format!("d{at}");
        let mut dimension = scanned(&name, *said, rows.clone());
        if let Some(value) = condition {
            dimension = dimension.filter(col(format!("{name}.v")).eq(lit(*value))).unwrap();
        }
        let key = format!("{name}.{}", if *by_key { "k" } else { "v" });
        let of = if *keeps_all { JoinType::Left } else { JoinType::Inner };
        plan = join(plan, of, dimension.build().unwrap(), [named[to.index(named.len())].as_str(), &key]);
        named.extend(["k", "v"].map(|column| format!("{name}.{column}")));
    }
    plan.build().unwrap()
}

/// The rows of a plan that is optimised by `rules`, sorted.
fn answered(plan: &LogicalPlan, rules: Vec<Arc<dyn OptimizerRule + Send + Sync>>) -> Vec<String> {
    let state = SessionStateBuilder::new_with_default_features().with_optimizer_rules(rules).build();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let batches = runtime.block_on(async {
        let physical = state.create_physical_plan(plan).await.unwrap();
        collect(physical, state.task_ctx()).await.unwrap()
    });
    let mut lines: Vec<String> =
        pretty_format_batches(&batches).unwrap().to_string().lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    /// In whatever order a star is joined, it has the same rows.
    #[test]
    fn every_order_has_the_same_rows(fact in rows(&["a", "b", "c"]), steps in prop::collection::vec(step(), 2..4)) {
        let plan = star(&fact, &steps);
        prop_assert_eq!(answered(&plan, rules()), answered(&plan, Optimizer::new().rules));
        // The same by the rule alone, whatever others make of the plan first.
        let moved = StarOrder.rewrite(plan.clone(), &OptimizerContext::new()).unwrap().data;
        prop_assert_eq!(answered(&moved, Vec::new()), answered(&plan, Vec::new()));
    }
}
