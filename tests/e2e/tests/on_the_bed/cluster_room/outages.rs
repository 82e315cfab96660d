//! A control plane that goes away for a while, played by a relay of the test's own that hangs up.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use airlock_cluster::WaitOptions;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::{Outcome, Place, connect};

/// Passes connections on, or hangs up while it is away.
async fn relay(listener: TcpListener, to: SocketAddr, away: watch::Receiver<bool>) -> io::Result<()> {
    loop {
        let (mut from, _) = listener.accept().await?;
        let mut away = away.clone();
        tokio::spawn(async move {
            let Ok(mut to) = TcpStream::connect(to).await else { return };
            tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut from, &mut to) => {}
                _ = away.wait_for(|away| *away) => {}
            }
        });
    }
}

#[tokio::test]
async fn a_wait_goes_on_when_the_api_server_comes_back() -> Outcome {
    let place = Place::new("outage").await?;
    let text = std::fs::read_to_string(place.bed.host_kubeconfig())?;
    let real = text.split("https://").nth(1).and_then(|rest| rest.split('"').next()).ok_or("no server")?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), text.replace(real, &listener.local_addr()?.to_string()))?;
    let (away, is_away) = watch::channel(false);
    tokio::spawn(relay(listener, real.parse()?, is_away));
    let cluster = connect(file.path().to_owned(), None).await?;

    let claim =
        place.object("v1", "PersistentVolumeClaim", "data", &json!({"spec": {"storageClassName": "never", "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}}))?;
    cluster.apply(&claim).await?;
    let mut causes = Vec::new();
    let options = WaitOptions { stalled_after: Duration::from_secs(8), ..WaitOptions::default() };
    let refs = [claim.reference().clone()];
    // It goes away when the first cause was told, and comes back when that was noticed.
    let outcome = cluster
        .wait_ready(&refs, &options, |_, cause| {
            away.send_replace(causes.is_empty());
            causes.push(cause.to_owned());
        })
        .await;
    assert!(causes.iter().any(|cause| cause.starts_with("the API server does not answer")), "{causes:?}");
    assert!(outcome.is_err_and(|error| error.to_string().contains("has no volume yet")), "{causes:?}");
    Ok(())
}
