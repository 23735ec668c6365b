//! Health over HTTP.
