//! A cluster that cannot be reached, or does not accept who asks.

use std::io::Write as _;

use airlock_bed::Bed;
use airlock_cluster::{ClusterError, SurveyScope};

use super::{Outcome, connect, through_relay};

fn kubeconfig(text: &str) -> std::io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(text.as_bytes())?;
    Ok(file)
}

#[tokio::test]
async fn an_api_server_that_does_not_listen_is_named_with_the_reason() -> Outcome {
    let file = kubeconfig(
        "{apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: {cluster: a, user: a}}], clusters: [{name: a, cluster: {server: 'https://127.0.0.1:1'}}], users: [{name: a, user: {}}]}",
    )?;
    let cluster = connect(file.path().to_owned(), None).await?;
    let failed = cluster.survey(&SurveyScope::default()).await;
    let Err(ClusterError::Unreachable { server, reason }) = failed else { return Err(format!("{failed:?}").into()) };
    assert_eq!(server, "https://127.0.0.1:1");
    assert!(reason.raw().contains("refused"), "{reason}");
    Ok(())
}

#[tokio::test]
async fn contexts_that_are_missing_or_unknown_are_answered_with_those_there_are() -> Outcome {
    let file = kubeconfig("{apiVersion: v1, kind: Config, contexts: [{name: prod, context: {cluster: a, user: a}}], clusters: [], users: []}")?;
    let none = connect(file.path().to_owned(), None).await;
    assert!(matches!(&none, Err(ClusterError::NoCurrentContext { known }) if known == &["prod"]), "{none:?}");
    let unknown = connect(file.path().to_owned(), Some("test")).await;
    assert_eq!(unknown.err().map(|error| error.to_string()).as_deref(), Some("the kubeconfig has no context `test`; it knows prod"));
    let missing = connect("/nowhere/kubeconfig".into(), None).await;
    assert!(matches!(missing, Err(ClusterError::KubeconfigMissing { .. })), "{missing:?}");
    Ok(())
}

#[tokio::test]
async fn an_expired_client_certificate_is_named_with_its_end() -> Outcome {
    let bed = Bed::shared()?;
    let file = through_relay(&bed, &bed.expired_user("late", &[])?)?;
    let failed = connect(file.path().to_owned(), None).await?.survey(&SurveyScope::default()).await;
    let Err(ClusterError::ClientCertificateExpired { subject, not_after, .. }) = failed else { return Err(format!("{failed:?}").into()) };
    assert!(subject.raw().contains("late") && not_after < jiff::Timestamp::now(), "{subject} {not_after}");
    Ok(())
}

#[tokio::test]
async fn a_token_that_nobody_issued_is_refused_without_being_shown() -> Outcome {
    let bed = Bed::shared()?;
    let theirs = std::fs::read_to_string(bed.host_kubeconfig())?;
    let (before, _) = theirs.split_once("users:").ok_or("no users")?;
    let file = kubeconfig(&format!("{before}users:\n- {{name: admin, user: {{token: hunter2}}}}\n"))?;
    let failed = connect(file.path().to_owned(), None).await?.survey(&SurveyScope::default()).await;
    assert!(matches!(failed, Err(ClusterError::Unauthorized { .. })), "{failed:?}");
    assert!(!format!("{failed:?}").contains("hunter2"));
    Ok(())
}
