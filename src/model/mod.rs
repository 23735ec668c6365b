//! What the data means: YAML resolved to tables, cubes and measures. Pure.
