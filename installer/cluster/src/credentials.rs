//! Why no credentials came: in words that hold nothing of what a plugin printed, since that may be a token.

use kube::client::AuthError;
use kube::config::ExecConfig;

/// The plugin that a kubeconfig names, for messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plugin {
    command: String,
    hint: Option<String>,
}

impl Plugin {
    pub(crate) fn of(exec: &ExecConfig) -> Self {
        Self { command: exec.command.clone().unwrap_or_default(), hint: exec.install_hint.clone() }
    }
}

/// What went wrong, in one line.
pub(crate) fn explain(error: &kube::Error, plugin: Option<&Plugin>) -> String {
    let kube::Error::Auth(error) = error else { return airlock_model::with_causes(error) };
    let Some(plugin) = plugin else { return airlock_model::with_causes(error) };
    let what = match error {
        AuthError::AuthExecStart(error) => format!("cannot be started: {error}"),
        AuthError::AuthExecRun { out, .. } => format!("failed with {}; run it by hand to see what it says", out.status),
        AuthError::AuthExecParse(_) => "printed something that is no ExecCredential".to_owned(),
        AuthError::ExecPluginFailed => "printed an ExecCredential without a status".to_owned(),
        other => format!("gave no credentials: {other}"),
    };
    let hint = plugin.hint.as_deref().map(|hint| format!("; its kubeconfig says: {}", hint.split_whitespace().collect::<Vec<_>>().join(" "))).unwrap_or_default();
    format!("the credential plugin `{}` {what}{hint}", plugin.command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_that_is_missing_is_named_with_its_hint() {
        let plugin = Plugin { command: "kubelogin".into(), hint: Some("install it\n  from the portal".into()) };
        let error = kube::Error::Auth(AuthError::AuthExecStart(std::io::Error::from(std::io::ErrorKind::NotFound)));
        assert_eq!(explain(&error, Some(&plugin)), "the credential plugin `kubelogin` cannot be started: entity not found; its kubeconfig says: install it from the portal");
    }

    #[test]
    fn what_a_failed_plugin_printed_is_not_repeated() {
        let out = std::process::Output { status: std::process::ExitStatus::default(), stdout: b"hunter2".to_vec(), stderr: Vec::new() };
        let error = kube::Error::Auth(AuthError::AuthExecRun { cmd: "kubelogin".into(), out: Box::new(out) });
        let words = explain(&error, Some(&Plugin { command: "kubelogin".into(), hint: None }));
        assert!(words.starts_with("the credential plugin `kubelogin` failed with") && !words.contains("hunter2"), "{words}");
    }
}
