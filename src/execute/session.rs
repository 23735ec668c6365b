//! The session state that every query runs in: our functions and settings, no catalog, nothing that reads files
//! by name.

use std::sync::Arc;

use datafusion::execution::config::SessionConfig;
use datafusion::execution::context::SessionState;
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::registry::FunctionRegistry;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::session_state::SessionStateBuilder;

use super::constants::LimitConstants;
use super::fault;
use super::functions::{self, ExactRewrite};
use super::pushdown;
use super::star_order;
use super::whole::Planner;
use super::window::CountWindows;
use crate::error::Result;
use crate::query::Query;

/// The most bytes and rows of a table that a hash join collects on one side instead of dividing both sides, so
/// that dimensions are collected and facts stay where they are.
const COLLECTED_BYTES: usize = 64 << 20;
const COLLECTED_ROWS: usize = 4_000_000;
/// The most keys of a collected side that prune the files of the other.
const PRUNING_KEYS: usize = 150;

/// The state that the states of queries are made from.
pub(super) fn template(cores: usize, query_memory: usize, runtime: Arc<RuntimeEnv>) -> Result<SessionState> {
    let mut config = SessionConfig::new()
        .with_target_partitions(cores)
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(false);
    let options = config.options_mut();
    options.optimizer.hash_join_single_partition_threshold = COLLECTED_BYTES.min(query_memory / 4);
    options.optimizer.hash_join_single_partition_threshold_rows = COLLECTED_ROWS.min(query_memory / 64);
    options.execution.parquet.max_in_list_size = PRUNING_KEYS;
    // CASE and IS NOT TRUE are held to be NULL by one of DataFusion's two planners and not by the other, which it refuses.
    options.execution.skip_physical_aggregate_schema_check = true;
    // What a sort keeps for merging must leave room for rows where the quota is small.
    let reservation = &mut options.execution.sort_spill_reservation_bytes;
    *reservation = (*reservation).min(query_memory / (8 * cores.max(1)));
    let functions = functions::all();
    let mut state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_query_planner(Arc::new(Planner))
        .with_expr_planners(functions.planners)
        .with_scalar_functions(functions.scalar.into_values().collect())
        .with_aggregate_functions(functions.aggregate.into_values().collect())
        .with_window_functions(functions.window.into_values().collect())
        .with_optimizer_rules(star_order::rules())
        .with_physical_optimizer_rules(pushdown::rules())
        .with_physical_optimizer_rule(Arc::new(LimitConstants))
        .with_physical_optimizer_rule(Arc::new(CountWindows))
        .build();
    state.register_function_rewrite(Arc::new(ExactRewrite)).map_err(fault::error)?;
    Ok(state)
}

/// The state of one query: the template's, with the query's memory, time and name.
pub(super) fn of(template: &SessionState, query: &Query, memory: Arc<dyn MemoryPool>) -> SessionState {
    let runtime = RuntimeEnv { memory_pool: memory, ..template.runtime_env().as_ref().clone() };
    let mut properties = template.execution_props().clone();
    properties.query_execution_start_time = Some(query.now);
    SessionStateBuilder::new_from_existing(template.clone())
        .with_session_id(query.id.to_string())
        .with_runtime_env(Arc::new(runtime))
        .with_execution_props(properties)
        .build()
}
