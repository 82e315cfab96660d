//! A request to the Kubernetes API as the `ServiceAccount` of the pod that this runs in.

use std::fs;
use std::path::Path;

use airlock_model::{AttemptAction, Secret, Trust};

use crate::NoPasswords;
use crate::request::Question;

/// Where the kubelet mounts token and authority (Kubernetes documentation, "Accessing the Kubernetes API from a Pod").
pub(crate) const MOUNTED: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The request, and what is sent; or why it cannot be asked as anybody.
pub(crate) fn request(mounted: &Path, host: &str, path: &str) -> Result<(AttemptAction, Question), String> {
    let read = |name: &str| fs::read_to_string(mounted.join(name)).map_err(|error| format!("the pod's account has no {name}: {error}"));
    let token = Secret::new(read("token")?);
    let trust = Trust::Authorities(read("ca.crt")?);
    let question = Question::new("GET", path, host, &trust, None, &NoPasswords)?.bearing(&token)?;
    Ok((AttemptAction::Request { method: "GET".to_owned(), path: path.to_owned(), server_name: host.to_owned(), trust, credentials: None }, question))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_token_nothing_is_asked_and_with_one_only_a_believed_server_is() {
        let mounted = tempfile::tempdir().unwrap();
        let asked = || request(mounted.path(), "kubernetes.default.svc", "/api/v1/namespaces/other/secrets");
        assert!(asked().err().unwrap().starts_with("the pod's account has no token: "));
        fs::write(mounted.path().join("token"), "the-token\n").unwrap();
        assert!(asked().err().unwrap().starts_with("the pod's account has no ca.crt: "));
        fs::write(mounted.path().join("ca.crt"), "PEM").unwrap();
        let (action, _) = asked().unwrap();
        let AttemptAction::Request { trust, credentials, .. } = action else { panic!("{action:?}") };
        assert_eq!((trust, credentials), (Trust::Authorities("PEM".into()), None));
    }
}
