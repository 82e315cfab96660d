//! Uploads over a slow line, and to a registry that has stopped reading.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod world;

use std::time::{Duration, Instant};

use airlock_registry::{RegistryClient, RegistryError, RegistryOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use world::{bytes, provider};

const SIZE: usize = 24 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_millis(600);

/// Opens an upload and then takes it a piece at a time, or not at all.
async fn registry(pause: Option<Duration>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).await.is_ok() {
                head.push(byte[0]);
            }
            let answer = match &head[..4] {
                b"HEAD" => "404 Not Found\r\n",
                b"POST" => "202 Accepted\r\nlocation: /upload\r\n",
                _ => {
                    let Some(pause) = pause else { return std::future::pending().await };
                    let mut piece = vec![0; SIZE / 16];
                    for _ in 0..16 {
                        tokio::time::sleep(pause).await;
                        stream.read_exact(&mut piece).await.unwrap();
                    }
                    "201 Created\r\n"
                }
            };
            stream.write_all(format!("HTTP/1.1 {answer}content-length: 0\r\nconnection: close\r\n\r\n").as_bytes()).await.unwrap();
        }
    });
    host
}

fn client(host: &str) -> RegistryClient {
    provider();
    RegistryClient::new(host, RegistryOptions { plain_http: true, ..RegistryOptions::default() }).unwrap().with_upload_patience(PATIENCE)
}

#[tokio::test]
async fn an_upload_may_take_long_as_long_as_it_moves() {
    let host = registry(Some(PATIENCE / 4)).await;
    let began = Instant::now();
    client(&host).put_blob("demo/app", bytes(1, SIZE)).await.unwrap();
    assert!(began.elapsed() > PATIENCE * 3, "the test was too fast to show anything: {:?}", began.elapsed());
}

#[tokio::test]
async fn an_upload_that_stands_still_is_given_up() {
    let host = registry(None).await;
    let refused = client(&host).put_blob("demo/app", bytes(1, SIZE)).await.unwrap_err();
    assert!(matches!(&refused, RegistryError::Cut { reason, .. } if reason.raw().contains("nothing moved")), "{refused:?}");
}
