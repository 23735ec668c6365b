//! DataFusion: sessions, scans, functions, limits, cancellation.
