use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::error::Kind;

const ALLOWANCE: Allowance = Allowance {
    connections: 1,
    idle_give_way: false,
    greeting_bytes: 2,
    greeting_within: Duration::from_secs(60),
    lifetime: None,
};

async fn listener(allowance: Allowance, cut: &CancellationToken) -> Listener {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    Listener::new(socket, allowance, cut.clone()).unwrap()
}

/// A client that has said `greeting`, and the server's end of it.
async fn guest(listener: &Listener, greeting: &[u8]) -> (TcpStream, Connection) {
    let mut client = TcpStream::connect(listener.address()).await.unwrap();
    let (mut connection, _) = listener.accept().await;
    client.write_all(greeting).await.unwrap();
    connection.read_exact(&mut vec![0; greeting.len()]).await.unwrap();
    (client, connection)
}

async fn fails(connection: &mut Connection, kind: io::ErrorKind) {
    assert_eq!(connection.read_u8().await.unwrap_err().kind(), kind);
}

#[tokio::test]
async fn listens_on_loopback_only() {
    let everywhere = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let error = Listener::new(everywhere, ALLOWANCE, CancellationToken::new()).unwrap_err();
    assert_eq!(error.kind(), Kind::Misconfigured);
    assert!(error.message().contains("0.0.0.0"), "{error}");
}

#[tokio::test]
async fn closes_what_comes_beyond_its_number_of_connections() {
    let listener = listener(ALLOWANCE, &CancellationToken::new()).await;
    let (_client, held) = guest(&listener, b"hi").await;
    let mut second = TcpStream::connect(listener.address()).await.unwrap();
    let mut next = Box::pin(listener.accept());
    tokio::select! {
        _ = &mut next => panic!("there was no room"),
        read = second.read_u8() => assert!(read.is_err()),
    }
    drop(held);
    let _third = TcpStream::connect(listener.address()).await.unwrap();
    next.await;
}

#[tokio::test]
async fn a_new_connection_takes_the_place_of_the_oldest_that_says_nothing() {
    let listener = listener(Allowance { connections: 3, ..ALLOWANCE }, &CancellationToken::new()).await;
    let (mut greeted_client, mut greeted) = guest(&listener, b"hi").await;
    let (_first_client, mut first) = guest(&listener, b"h").await;
    let (mut second_client, mut second) = guest(&listener, b"").await;
    let (_new_client, _new) = guest(&listener, b"hi").await;
    fails(&mut first, io::ErrorKind::ConnectionAborted).await;
    for (client, connection) in [(&mut greeted_client, &mut greeted), (&mut second_client, &mut second)] {
        client.write_all(b"x").await.unwrap();
        assert_eq!(connection.read_u8().await.unwrap(), b'x');
    }
}

#[tokio::test]
async fn the_idle_give_way_where_they_may_and_the_busy_do_not() {
    let allowance = Allowance { connections: 3, idle_give_way: true, ..ALLOWANCE };
    let listener = listener(allowance, &CancellationToken::new()).await;
    let (_first_client, first) = guest(&listener, b"hi").await;
    let (_second_client, mut second) = guest(&listener, b"hi").await;
    let (_third_client, third) = guest(&listener, b"hi").await;
    let busy = third.presence().busy();
    // The first was used last.
    drop(first.presence().busy());
    let (_fourth_client, fourth) = guest(&listener, b"hi").await;
    fails(&mut second, io::ErrorKind::ConnectionAborted).await;
    let all_busy = [busy, first.presence().busy(), fourth.presence().busy()];
    let mut fifth = TcpStream::connect(listener.address()).await.unwrap();
    let mut next = Box::pin(listener.accept());
    tokio::select! {
        _ = &mut next => panic!("there was no room"),
        read = fifth.read_u8() => assert!(read.is_err()),
    }
    drop(all_busy);
    let _sixth = TcpStream::connect(listener.address()).await.unwrap();
    next.await;
}

#[tokio::test]
async fn a_greeting_must_come_in_time_and_whole() {
    let allowance = Allowance { connections: 2, greeting_within: Duration::from_secs(1), ..ALLOWANCE };
    let listener = listener(allowance, &CancellationToken::new()).await;
    let (_half_client, mut half) = guest(&listener, b"h").await;
    let (mut whole_client, mut whole) = guest(&listener, b"hi").await;
    fails(&mut half, io::ErrorKind::TimedOut).await;
    whole_client.write_all(b"x").await.unwrap();
    assert_eq!(whole.read_u8().await.unwrap(), b'x');
}

#[tokio::test]
async fn cuts_its_connections_at_the_end() {
    let cut = CancellationToken::new();
    let listener = listener(ALLOWANCE, &cut).await;
    let (_client, mut connection) = guest(&listener, b"hi").await;
    let reading = tokio::spawn(async move { connection.read_u8().await });
    cut.cancel();
    assert_eq!(reading.await.unwrap().unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
}

#[tokio::test]
async fn whoever_says_nothing_is_cut_with_the_listener() {
    let listener = listener(Allowance { connections: 2, ..ALLOWANCE }, &CancellationToken::new()).await;
    let (mut client, mut greeted) = guest(&listener, b"hi").await;
    let (_silent_client, mut silent) = guest(&listener, b"").await;
    let traffic = listener.traffic();
    drop(listener);
    fails(&mut silent, io::ErrorKind::ConnectionAborted).await;
    client.write_all(b"x").await.unwrap();
    assert_eq!(greeted.read_u8().await.unwrap(), b'x');
    traffic.quiet(Duration::from_millis(1)).await;
}
