//! Real clients, which `make clients` installs into the folder that STARMART_CLIENTS names: each runs a script of its own
//! against a server of the project `wire`.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::projects::{Served, loaded};

/// The folder of a client's script.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");

/// What is installed as `name`; where it is not, the test says so and is left out, but never in CI.
fn installed(name: &str) -> Option<PathBuf> {
    let found = std::env::var_os("STARMART_CLIENTS").map(|folder| PathBuf::from(folder).join(name));
    let found = found.filter(|path| path.exists());
    if found.is_none() {
        assert!(
            !std::env::var("CI").is_ok_and(|ci| ci == "true"),
            "{name} is not there; make test installs the clients"
        );
        println!("skipped: {name} is not there; make test installs the clients");
    }
    found
}

async fn passes(mut client: Command) {
    let (_folder, mart) = loaded("wire").await;
    let server = Served::start(mart).await;
    client.env("STARMART_URL", server.url()).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || client.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_adbc_driver_of_python_is_served() {
    let Some(python) = installed("bin/python") else { return };
    let mut client = Command::new(python);
    client.arg(format!("{SCRIPTS}/adbc.py"));
    passes(client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_adbc_driver_of_go_is_served() {
    let Some(client) = installed("adbc-go") else { return };
    passes(Command::new(client)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_jdbc_driver_is_served() {
    let Some(driver) = installed("jdbc.jar") else { return };
    let mut client = Command::new("java");
    // The driver reads Arrow's memory through Java's.
    client.arg("--add-opens=java.base/java.nio=ALL-UNNAMED");
    client.arg("-cp").arg(driver).arg(format!("{SCRIPTS}/jdbc/Driver.java"));
    passes(client).await;
}
