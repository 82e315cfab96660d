//! Other ways to the cluster than straight with a certificate: through a proxy, with a credential plugin.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use airlock_bed::Bed;
use airlock_cluster::{ClusterError, SurveyScope};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::{Outcome, connect};

fn kubeconfig(text: &str) -> std::io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(text.as_bytes())?;
    Ok(file)
}

/// An HTTP proxy that knows `CONNECT` alone and counts.
async fn proxy(listener: TcpListener, count: Arc<AtomicUsize>) -> std::io::Result<()> {
    loop {
        let (from, _) = listener.accept().await?;
        count.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            let mut from = BufReader::new(from);
            let mut line = String::new();
            from.read_line(&mut line).await?;
            let target = line.split_whitespace().nth(1).unwrap_or_default().to_owned();
            while from.read_line(&mut line).await? > 2 {}
            let mut to = TcpStream::connect(target).await?;
            from.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            tokio::io::copy_bidirectional(&mut from, &mut to).await
        });
    }
}

#[tokio::test]
async fn the_proxy_that_the_kubeconfig_names_is_used() -> Outcome {
    let bed = Bed::shared()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let count = Arc::new(AtomicUsize::new(0));
    tokio::spawn(proxy(listener, Arc::clone(&count)));
    let text = std::fs::read_to_string(bed.host_kubeconfig())?;
    let file = kubeconfig(&text.replace("{server:", &format!("{{proxy-url: 'http://{address}', server:")))?;
    let facts = connect(file.path().to_owned(), None).await?.survey(&SurveyScope::default()).await?;
    assert!(facts.version.known().is_some());
    assert!(count.load(Ordering::Relaxed) > 0, "nothing went through it");
    Ok(())
}

/// The administrator's own kubeconfig with another way to say who she is.
fn with_user(bed: &Bed, user: &serde_json::Value) -> Result<tempfile::NamedTempFile, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(bed.host_kubeconfig())?;
    let (before, _) = text.split_once("users:").ok_or("no users")?;
    Ok(kubeconfig(&format!("{before}users:\n- {{name: admin, user: {user}}}\n"))?)
}

#[tokio::test]
async fn a_credential_plugin_says_who_asks() -> Outcome {
    let bed = Bed::shared()?;
    let text = std::fs::read_to_string(bed.host_kubeconfig())?;
    let pem = |key: &str| -> Result<String, Box<dyn std::error::Error>> {
        let encoded = text.split(key).nth(1).and_then(|rest| rest.split([',', '}', '\n']).next()).ok_or("no such key")?;
        let output = std::process::Command::new("sh").args(["-c", "printf %s \"$1\" | base64 -d", "sh", encoded.trim_matches([' ', '"', ':'])]).output()?;
        Ok(String::from_utf8(output.stdout)?)
    };
    let credential = json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"clientCertificateData": pem("client-certificate-data")?, "clientKeyData": pem("client-key-data")?}});
    let answer = kubeconfig(&credential.to_string())?;
    let plugin = json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "cat", "args": [answer.path()], "interactiveMode": "Never", "provideClusterInfo": true}});
    let file = with_user(&bed, &plugin)?;
    let facts = connect(file.path().to_owned(), None).await?.survey(&SurveyScope::default()).await?;
    assert_eq!(facts.caller.known().map(|caller| caller.user.as_str()), Some("admin"));
    Ok(())
}

#[tokio::test]
async fn a_credential_plugin_that_is_missing_or_fails_is_named() -> Outcome {
    let bed = Bed::shared()?;
    for command in ["airlock-no-such-plugin", "false"] {
        let plugin = json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": command, "interactiveMode": "Never"}});
        let file = with_user(&bed, &plugin)?;
        let failed = connect(file.path().to_owned(), None).await;
        let Err(ClusterError::KubeconfigUnusable { reason }) = failed else { return Err(format!("{failed:?}").into()) };
        assert!(reason.starts_with(&format!("the credential plugin `{command}` ")), "{reason}");
    }
    Ok(())
}
