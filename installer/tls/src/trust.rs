//! What makes machines believe an authority: nodes that pull from a registry, by their container runtime or by who runs them, and
//! the machines of people.
//!
//! Sources of the rules that are not ours: containerd's `hosts.toml`; `containers-certs.d(5)` for CRI-O; `OpenShift`'s
//! `additionalTrustedCA`; GKE's `privateRegistryAccessConfig`; `az aks --custom-ca-trust-certificates`; Bottlerocket's
//! `settings.pki`. Airlock never sends a privileged pod to do it.

use serde::Serialize;

/// Where containerd looks for the settings of a registry (its `config_path`).
const CONTAINERD: &str = "/etc/containerd/certs.d";
const CRI_O: &str = "/etc/containers/certs.d";

/// Of what kind a node is, as far as trust goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeKind {
    /// containerd, and a root shell on the node.
    Containerd,
    /// CRI-O, by itself or below `OpenShift`.
    CriO,
    /// A node group of EKS with containerd: what is changed on a node is lost with it.
    Eks,
    /// Bottlerocket, which has no shell and takes settings.
    Bottlerocket,
    /// A node pool of GKE.
    Gke,
    /// A node pool of AKS.
    Aks,
    /// A runtime that these pages do not know.
    Other,
}

impl NodeKind {
    /// By the runtime as the node tells it (`containerd://2.4.2`) and the label that names its pool.
    pub fn of(runtime: &str, pool_label: Option<&str>) -> Self {
        match pool_label {
            _ if runtime.contains("bottlerocket") => Self::Bottlerocket,
            Some("cloud.google.com/gke-nodepool") => Self::Gke,
            Some("kubernetes.azure.com/agentpool") => Self::Aks,
            Some("eks.amazonaws.com/nodegroup") => Self::Eks,
            _ if runtime.starts_with("containerd:") => Self::Containerd,
            _ if runtime.starts_with("cri-o:") => Self::CriO,
            _ => Self::Other,
        }
    }

    /// What an administrator does so that such nodes believe this authority (PEM) for this registry (`HOST` or `HOST:PORT`).
    pub fn steps(self, registry: &str, authority: &str) -> String {
        let authority = authority.trim_end();
        match self {
            Self::Containerd => format!(
                "# On every node, as root. The config_path of containerd must be {CONTAINERD}.\n{}\n\
                 # No restart is needed, unless config_path was not set before.",
                containerd(registry, authority)
            ),
            Self::Eks => format!(
                "# In the user data of the launch template, before the node joins; then replace the nodes of the group.\n\
                 # AMIs of EKS set config_path of containerd to {CONTAINERD}.\n{}",
                containerd(registry, authority)
            ),
            Self::CriO => format!(
                "# On every node, as root; no restart is needed.\n{}\n\
                 # On OpenShift do it once for the cluster instead, with that ca.crt in the current folder:\n\
                 oc create configmap airlock-registry-ca -n openshift-config --from-file={}=ca.crt\n\
                 oc patch image.config.openshift.io/cluster --type merge --patch '{{\"spec\":{{\"additionalTrustedCA\":{{\"name\":\"airlock-registry-ca\"}}}}}}'\n\
                 # A ConfigMap that is named there already takes a further key instead; the nodes follow one after the other.",
                file(&format!("{CRI_O}/{registry}"), authority),
                registry.replace(':', "..")
            ),
            Self::Bottlerocket => format!(
                "# In the user data of the nodes; on a running node: apiclient set with the same two names.\n\
                 # DATA is what this prints, with the authority in ca.crt: base64 -w0 ca.crt\n\
                 [settings.pki.airlock]\ndata = \"DATA\"\ntrusted = true\n\
                 # ca.crt\n{authority}"
            ),
            Self::Gke => format!(
                "# With the authority in ca.crt; PROJECT, CLUSTER, POOL are yours. GKE replaces the nodes of the pool.\n\
                 cat > ca.crt <<'END'\n{authority}\nEND\n\
                 gcloud secrets create airlock-registry-ca --data-file=ca.crt\n\
                 cat > containerd.yaml <<'END'\n\
                 privateRegistryAccessConfig:\n  enabled: true\n  certificateAuthorityDomainConfig:\n  - gcpSecretManagerCertificateConfig:\n      secretURI: projects/PROJECT/secrets/airlock-registry-ca/versions/1\n    fqdns:\n    - {registry}\n\
                 END\n\
                 gcloud container node-pools update POOL --cluster=CLUSTER --containerd-config-from-file=containerd.yaml\n\
                 # The nodes' service account needs roles/secretmanager.secretAccessor on that secret."
            ),
            Self::Aks => format!(
                "# GROUP and CLUSTER are yours. The file holds all authorities that the nodes are to believe beside public ones, ten at most.\n\
                 cat > ca.crt <<'END'\n{authority}\nEND\n\
                 az aks update --resource-group GROUP --name CLUSTER --custom-ca-trust-certificates ca.crt"
            ),
            Self::Other => format!("# Their container runtime is none that Airlock knows. Let it believe this authority for {registry}.\n{authority}"),
        }
    }
}

fn containerd(registry: &str, authority: &str) -> String {
    let folder = format!("{CONTAINERD}/{registry}");
    format!(
        "{}\ncat > {folder}/hosts.toml <<'END'\n\
         server = \"https://{registry}\"\n\n\
         [host.\"https://{registry}\"]\n  capabilities = [\"pull\", \"resolve\"]\n  ca = \"{folder}/ca.crt\"\n\
         END",
        file(&folder, authority)
    )
}

fn file(folder: &str, authority: &str) -> String {
    format!("mkdir -p {folder}\ncat > {folder}/ca.crt <<'END'\n{authority}\nEND")
}

/// How a kind of machine that people sit at, or programs run on, comes to believe the authority in a file `ca.crt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MachineTrust {
    /// Which machines.
    pub machine: &'static str,
    /// One command or sentence a line.
    pub steps: &'static str,
}

/// A page for each kind of machine.
pub const MACHINES: [MachineTrust; 7] = [
    MachineTrust { machine: "Debian, Ubuntu", steps: "sudo cp ca.crt /usr/local/share/ca-certificates/airlock.crt && sudo update-ca-certificates" },
    MachineTrust { machine: "Red Hat, Fedora, Amazon Linux", steps: "sudo cp ca.crt /etc/pki/ca-trust/source/anchors/airlock.crt && sudo update-ca-trust" },
    MachineTrust { machine: "macOS", steps: "sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ca.crt" },
    MachineTrust { machine: "Windows", steps: "certutil -addstore Root ca.crt   (as administrator; in a domain: Group Policy, Trusted Root Certification Authorities)" },
    MachineTrust { machine: "Firefox with a store of its own", steps: "Settings, Certificates, View Certificates, Authorities, Import; or the policy Certificates: ImportEnterpriseRoots" },
    MachineTrust { machine: "Java", steps: "keytool -importcert -cacerts -alias airlock -file ca.crt" },
    MachineTrust { machine: "Python with requests", steps: "export REQUESTS_CA_BUNDLE=/path/of/ca.crt   (it replaces the public ones)" },
];

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n";

    #[test]
    fn the_kind_of_a_node_follows_from_its_runtime_and_who_runs_its_pool() {
        let cases = [
            ("containerd://2.4.2", None, NodeKind::Containerd),
            ("containerd://2.4.2", Some("pool"), NodeKind::Containerd),
            ("containerd://1.7.27", Some("eks.amazonaws.com/nodegroup"), NodeKind::Eks),
            ("containerd://1.7.27+bottlerocket", Some("eks.amazonaws.com/nodegroup"), NodeKind::Bottlerocket),
            ("containerd://2.0.4", Some("cloud.google.com/gke-nodepool"), NodeKind::Gke),
            ("containerd://2.0.4", Some("kubernetes.azure.com/agentpool"), NodeKind::Aks),
            ("cri-o://1.33.1", None, NodeKind::CriO),
            ("docker://28.0.0", None, NodeKind::Other),
        ];
        for (runtime, label, kind) in cases {
            assert_eq!(NodeKind::of(runtime, label), kind, "{runtime} {label:?}");
        }
    }

    #[test]
    fn each_kind_has_its_page() {
        let kinds = [NodeKind::Containerd, NodeKind::CriO, NodeKind::Eks, NodeKind::Bottlerocket, NodeKind::Gke, NodeKind::Aks, NodeKind::Other];
        let pages: Vec<String> = kinds.iter().map(|kind| format!("== {kind:?}\n{}\n", kind.steps("registry.platform.test:5000", PEM))).collect();
        assert!(pages.iter().all(|page| page.contains("BEGIN CERTIFICATE")), "the authority is on each");
        insta::assert_snapshot!(pages.join("\n"));
    }
}
