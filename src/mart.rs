//! The facade that wires the stages.
