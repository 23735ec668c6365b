//! SQL to a star plan: binder, lineage, expansion. Pure.
