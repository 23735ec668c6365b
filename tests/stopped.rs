//! Loads that cannot go on: another one holds the mart, or the disk takes no more. Each says so, publishes nothing and
//! leaves nothing in the way of the next.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use starmart::store::{Owner, Store};

use crate::cli::{fails, works};
use crate::projects;

const REVENUE: [&str; 6] = ["-q", "sql", "--format", "csv", "-c", "SELECT revenue, lines FROM sales"];

#[tokio::test(flavor = "multi_thread")]
async fn a_load_while_another_holds_the_mart_is_told_whose_it_is() {
    let folder = projects::copied("shop");
    let store = Store::open(folder.path().join("mart").to_str().unwrap()).unwrap();
    let holder = store.begin(&Owner::this_process()).await.unwrap();
    let by = format!("is being loaded by process {}", std::process::id());
    for _ in 0..2 {
        fails(folder.path(), &["load"], 4, &[&by, "wait until it is done, or stop it"]);
    }
    assert_eq!(store.latest().await.unwrap(), None, "nothing was published");
    holder.abandon().await;
    works(folder.path(), &["-q", "load"]);
    assert_eq!(works(folder.path(), &REVENUE), "revenue,lines\n122.12,11\n");

    let holder = store.begin(&Owner::this_process()).await.unwrap();
    works(folder.path(), &["-q", "load"]);
    std::fs::remove_file(folder.path().join("data/stores.csv")).unwrap();
    works(folder.path(), &["-q", "load", "lines"]);
    fails(folder.path(), &["load", "--full", "lines"], 4, &[&by]);
    assert_eq!(works(folder.path(), &REVENUE), "revenue,lines\n122.12,11\n", "who asks waits for nobody");
    holder.abandon().await;
}

/// A command that may write no file of more than so many blocks of 512 bytes, as a disk without room for more.
pub(crate) fn cramped(folder: &Path, arguments: &[&str], blocks: usize) -> Output {
    // Ignored, the signal of this limit becomes an error of the write.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_starmart"), "-C"]).arg(folder).args(arguments);
    command.stdin(Stdio::null()).output().unwrap()
}

#[test]
fn a_load_that_the_disk_has_no_room_for_publishes_nothing() {
    let folder = projects::copied("shop");
    let products = folder.path().join("data/products.csv");
    let mut text = std::fs::read_to_string(&products).unwrap();
    let known = text.lines().count();
    for n in 0..20_000_u64 {
        let name = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        writeln!(text, "{},{name:x},1,{name:x}", 100_000 + n).unwrap();
    }
    std::fs::write(&products, text).unwrap();
    // No room for the lease, for any table's file, for the largest table's file.
    for blocks in [0, 2, 64] {
        let output = cramped(folder.path(), &["load"], blocks);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{blocks} blocks: {said}");
        for word in ["cannot ", "larger than the disk allows", "nothing was published", "free some space"] {
            assert!(said.contains(word), "{blocks} blocks: '{word}' is not in: {said}");
        }
        fails(folder.path(), &["sql", "-c", "SELECT revenue FROM sales"], 1, &["starmart load"]);
    }
    works(folder.path(), &["-q", "load"]);
    assert_eq!(works(folder.path(), &REVENUE), "revenue,lines\n122.12,11\n");
    let count =
        works(folder.path(), &["-q", "sql", "--format", "csv", "-c", "SELECT count(*) AS n FROM mart.products"]);
    assert_eq!(count, format!("n\n{}\n", known - 1 + 20_000));
    works(folder.path(), &["check", "--data"]);
}
