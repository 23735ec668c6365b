//! The engine: the query threads, the memory and disk that queries may use, and who may run now.

use arrow::datatypes::SchemaRef;
use datafusion::logical_expr::LogicalPlan;

use crate::error::{Error, Result};
use crate::execute::Answer;
use crate::query::Query;

/// Runs logical plans within limits.
#[derive(Debug)]
pub struct Engine {}

/// The right to run one query; it is given back when dropped.
#[derive(Debug)]
pub struct Permit {}

impl Engine {
    /// Waits for the right to run `query`; refuses at once when the queue is full.
    pub async fn admit(&self, _query: &Query) -> Result<Permit> {
        Err(Error::internal("the engine is being built"))
    }

    /// Starts `plan`; its batches have exactly the schema `announced`.
    pub async fn execute(
        &self,
        _query: &Query,
        _permit: Permit,
        _plan: LogicalPlan,
        _announced: SchemaRef,
    ) -> Result<Answer> {
        Err(Error::internal("the engine is being built"))
    }

    /// The physical plan of `plan`, as text.
    pub async fn explain(&self, _query: &Query, _plan: LogicalPlan) -> Result<String> {
        Err(Error::internal("the engine is being built"))
    }
}
