//! All integration tests in one binary: each links some 150 MB otherwise.

#[test]
fn starts() {
    assert!(!env!("CARGO_PKG_VERSION").is_empty());
}
