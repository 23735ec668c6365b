//! Files to cleaned, checked, sorted tables.
