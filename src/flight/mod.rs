//! Arrow Flight SQL: server and client.
