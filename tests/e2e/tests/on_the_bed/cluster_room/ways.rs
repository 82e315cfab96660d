//! Other ways to the cluster than straight with a certificate: through a proxy, with a credential plugin.

use std::io::{BufRead as _, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use airlock_bed::Bed;
use airlock_cluster::{ClusterError, Stop, SurveyScope};
use airlock_model::Object;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{Outcome, Place, connect};

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

/// `kubectl proxy`: the API server without TLS, so that requests can be told apart on their way.
struct Plain {
    child: Child,
    address: SocketAddr,
}

impl Plain {
    fn of(bed: &Bed) -> Result<Self, Box<dyn std::error::Error>> {
        let kubectl = bed.folder().join("bin/kubectl");
        let mut child = Command::new(kubectl).args(["proxy", "--port=0", "--kubeconfig"]).arg(bed.host_kubeconfig()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        std::io::BufReader::new(child.stdout.take().ok_or("no stdout")?).read_line(&mut line)?;
        let address = line.trim().rsplit(' ').next().unwrap_or_default().parse()?;
        Ok(Self { child, address })
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// How many requests are under way, and the most that ever were.
#[derive(Default)]
struct UnderWay {
    now: AtomicUsize,
    most: AtomicUsize,
}

/// Hands everything on and counts requests (HTTP/1.1: one at a time on a connection); each answer is held back a little, so that
/// all that may be under way at once are.
async fn counting(listener: TcpListener, target: SocketAddr, count: Arc<UnderWay>) -> std::io::Result<()> {
    loop {
        let (from, _) = listener.accept().await?;
        let count = Arc::clone(&count);
        tokio::spawn(async move {
            let ((mut of_client, mut to_client), (mut of_server, mut to_server)) = (from.into_split(), TcpStream::connect(target).await?.into_split());
            let asked = AtomicBool::new(false);
            let there = async {
                let mut bytes = vec![0; 1 << 16];
                loop {
                    let read = of_client.read(&mut bytes).await?;
                    if read == 0 {
                        return to_server.shutdown().await;
                    }
                    if !asked.swap(true, Ordering::SeqCst) {
                        let now = count.now.fetch_add(1, Ordering::SeqCst) + 1;
                        count.most.fetch_max(now, Ordering::SeqCst);
                    }
                    to_server.write_all(&bytes[..read]).await?;
                }
            };
            let back = async {
                let mut bytes = vec![0; 1 << 16];
                loop {
                    let read = of_server.read(&mut bytes).await?;
                    if asked.load(Ordering::SeqCst) {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                    // Before the client hears of it and asks again.
                    if asked.swap(false, Ordering::SeqCst) {
                        count.now.fetch_sub(1, Ordering::SeqCst);
                    }
                    if read == 0 {
                        return to_client.shutdown().await;
                    }
                    to_client.write_all(&bytes[..read]).await?;
                }
            };
            tokio::try_join!(there, back).map(drop)
        });
    }
}

#[tokio::test]
async fn sixteen_requests_are_under_way_at_once_and_never_more() -> Outcome {
    let place = Place::new("sixteen").await?;
    let plain = Plain::of(&place.bed)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let count = Arc::new(UnderWay::default());
    tokio::spawn(counting(listener, plain.address, Arc::clone(&count)));
    let file = kubeconfig(&format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: x\nclusters: [{{ name: c, cluster: {{ server: 'http://{address}' }} }}]\ncontexts: [{{ name: x, context: {{ cluster: c, user: u }} }}]\nusers: [{{ name: u, user: {{}} }}]\n"
    ))?;
    let cluster = connect(file.path().to_owned(), None).await?;

    let objects: Vec<Object> = (0..80).map(|number| place.config_map(&format!("c{number}"), "1")).collect::<Result<_, _>>()?;
    cluster.apply_all(&objects, &Stop::never(), |_, _| {}).await?;
    assert_eq!(count.most.swap(0, Ordering::SeqCst), 16, "writes");

    // Two things at once share the same sixteen places.
    let refs: Vec<_> = (0..40).map(|number| place.reference("v1", "ConfigMap", &format!("c{number}"))).collect();
    let (first, second) = tokio::join!(cluster.get_all(&refs), cluster.get_all(&refs));
    assert_eq!((first?.len(), second?.len()), (40, 40));
    assert_eq!(count.most.load(Ordering::SeqCst), 16, "reads");
    Ok(())
}
