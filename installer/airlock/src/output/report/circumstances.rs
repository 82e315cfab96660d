//! What a report that is kept says beside its findings: when it was made, of what, by which program.

use std::path::PathBuf;

use airlock_model::Untrusted;
use airlock_platform::Cluster;
use jiff::Timestamp;

/// When and of what.
#[derive(Clone, Debug)]
pub(crate) struct Circumstances {
    /// When it was judged.
    pub(crate) at: Timestamp,
    /// What was judged.
    pub(crate) judged: Judged,
}

/// What was judged.
#[derive(Clone, Debug)]
pub(crate) enum Judged {
    /// Files, as they were named.
    Files(Vec<PathBuf>),
    /// An installation.
    Installation {
        /// The platform namespace.
        namespace: String,
        /// The random id of the installation.
        id: String,
        /// The release that is installed.
        release: String,
        /// What the kubeconfig calls the cluster.
        cluster: String,
        /// Its address.
        server: String,
    },
}

impl Circumstances {
    /// Files, now.
    pub(crate) fn of_files(paths: &[PathBuf]) -> Self {
        Self { at: Timestamp::now(), judged: Judged::Files(paths.to_vec()) }
    }

    /// An installation, now.
    pub(crate) fn of_installation(cluster: &Cluster, namespace: &str, record: &airlock_model::Record) -> Self {
        let judged = Judged::Installation {
            namespace: namespace.to_owned(),
            id: record.installation.clone(),
            release: record.release.clone(),
            cluster: cluster.name().to_owned(),
            server: cluster.server().to_owned(),
        };
        Self { at: Timestamp::now(), judged }
    }

    /// For people, to the second.
    pub(crate) fn time(&self) -> String {
        self.at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
    }

    /// What was judged, as names and values that are safe to show.
    pub(crate) fn named(&self) -> Vec<(&'static str, String)> {
        let shown = |text: &str| Untrusted::from(text).to_string();
        match &self.judged {
            Judged::Files(paths) => {
                let named = |path: &PathBuf| if path.as_os_str() == "-" { "standard input".to_owned() } else { shown(&path.to_string_lossy()) };
                vec![("Files", paths.iter().map(named).collect::<Vec<_>>().join(", "))]
            }
            Judged::Installation { namespace, id, release, cluster, server } => vec![
                ("Installation", format!("{} in namespace {}, release {}", shown(id), shown(namespace), shown(release))),
                ("Cluster", if cluster == server { shown(server) } else { format!("{} at {}", shown(cluster), shown(server)) }),
            ],
        }
    }
}
