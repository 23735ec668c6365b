//! The functions that SQL may call, handed down from `execute` to everything that types or plans SQL.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF, WindowUDF};

use super::{APART, EXACTLY, MARK};

/// Functions that planning keeps for itself: nobody else may call them.
pub const HIDDEN: [&str; 3] = [MARK, APART, EXACTLY];

/// Functions by name (aliases included, lowercase), and the planners that give operators their meaning.
#[derive(Clone, Default)]
pub struct Functions {
    /// One value per row.
    pub scalar: HashMap<String, Arc<ScalarUDF>>,
    /// One value per group.
    pub aggregate: HashMap<String, Arc<AggregateUDF>>,
    /// One value per row, computed over a window.
    pub window: HashMap<String, Arc<WindowUDF>>,
    /// What operators, literals and special syntax become; the first that answers wins.
    pub planners: Vec<Arc<dyn ExprPlanner>>,
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Functions")
            .field("scalar", &self.scalar.len())
            .field("aggregate", &self.aggregate.len())
            .field("window", &self.window.len())
            .field("planners", &self.planners.len())
            .finish()
    }
}
