//! Results that are hard to take: by a client that is slow, or by any.

use futures::StreamExt;
use tokio::time::timeout;
use tonic::Code;

use crate::flight::{ENDLESS, SOON, code, limited, raw, started};
use crate::projects::{Served, loaded};

/// Each batch is taken once others have been answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_is_served_until_the_deadline_and_others_are_answered() {
    let (_folder, mart) = limited("running: 2, queued: 0, deadline: 3s").await;
    let server = Served::start(mart).await;
    let mut service = raw(&server).await;
    let mut unread = started(&mut raw(&server).await, ENDLESS).await.unwrap();
    let reading = async {
        let mut taken = 0;
        loop {
            for _ in 0..10 {
                assert_eq!(code(&mut service, "select 1 as one").await, Code::Ok);
            }
            match unread.next().await.unwrap() {
                Ok(_) => taken += 1,
                Err(status) => return (taken, status),
            }
        }
    };
    let (taken, status) = timeout(SOON, reading).await.unwrap();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert!(taken > 1 && status.message().contains("reading its result included"), "{taken}: {}", status.message());
    assert!(unread.next().await.is_none());
    assert_eq!(code(&mut service, "select 1 as one").await, Code::Ok);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_no_message_holds_is_refused_and_the_connection_goes_on() {
    let (_folder, mart) = loaded("wire").await;
    let server = Served::start(mart).await;
    let mut service = raw(&server).await.max_decoding_message_size(16 << 20);
    let wide = "select repeat('x', 6000000) as a, repeat('y', 6000000) as b, repeat('z', 6000000) as c";
    let mut messages = started(&mut service, wide).await.unwrap();
    assert!(messages.next().await.unwrap().is_ok(), "the schema");
    let status = messages.next().await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    assert!(status.message().starts_with("one row of the result takes 18"), "{}", status.message());
    assert!(messages.next().await.is_none());
    drop(messages);
    let narrower = wide.replace(", repeat('z', 6000000) as c", "");
    assert_eq!(code(&mut service, &narrower).await, Code::Ok);
    server.stop().await;
}
