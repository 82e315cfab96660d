//! The rows, and the frameworks by the edition that is meant.

use super::Reads::{Cluster, Files, Objects};
use super::{Reads, Reference, Standing};

pub(super) const CIS: &str = "CIS Kubernetes Benchmark";
pub(super) const PSS: &str = "Pod Security Standards";
pub(super) const NSA: &str = "NSA/CISA Kubernetes Hardening Guidance";
pub(super) const NIST: &str = "NIST SP 800-53";
pub(super) const NIST190: &str = "NIST SP 800-190";
pub(super) const PCI: &str = "PCI DSS";
pub(super) const SOC2: &str = "SOC 2 Trust Services Criteria";
pub(super) const ISO: &str = "ISO/IEC 27001 Annex A";
pub(super) const HIPAA: &str = "HIPAA 45 CFR";

const fn cis(id: &'static str) -> Reference {
    Reference { framework: CIS, version: "1.12", id }
}

const fn pss(id: &'static str) -> Reference {
    Reference { framework: PSS, version: "1.37", id }
}

const fn nsa(id: &'static str) -> Reference {
    Reference { framework: NSA, version: "1.2", id }
}

const fn nist(id: &'static str) -> Reference {
    Reference { framework: NIST, version: "5", id }
}

const fn nist190(id: &'static str) -> Reference {
    Reference { framework: NIST190, version: "2017", id }
}

const fn pci(id: &'static str) -> Reference {
    Reference { framework: PCI, version: "4.0.1", id }
}

const fn soc2(id: &'static str) -> Reference {
    Reference { framework: SOC2, version: "2017", id }
}

const fn iso(id: &'static str) -> Reference {
    Reference { framework: ISO, version: "2022", id }
}

const fn hipaa(id: &'static str) -> Reference {
    Reference { framework: HIPAA, version: "2013", id }
}

type References = &'static [Reference];

const POD: References = &[nsa("Pod security"), nist("AC-6"), nist("CM-6"), nist190("4.4.3"), pci("2.2.6"), soc2("CC6.8"), iso("8.9")];
const AVAILABLE: References = &[nist("SC-6"), soc2("A1.1"), iso("8.6")];
const RBAC: References = &[nsa("Role-based access control"), nist190("4.3.1"), iso("5.18"), iso("8.2")];
const RIGHTS: References = &[nsa("Authentication and authorization"), nist("AC-6"), pci("7.2.2"), soc2("CC6.3"), iso("5.15"), iso("8.3"), hipaa("164.312(a)(1)")];
const APART: References = &[nist("SC-2"), soc2("CC6.1"), iso("8.31")];
const NETWORK: References = &[nsa("Network separation and hardening"), nist("SC-7"), nist190("4.3.3"), soc2("CC6.6"), iso("8.20"), iso("8.22"), hipaa("164.312(e)(1)")];
const LOGIN: References = &[nist("IA-5"), pci("8.3.1"), soc2("CC6.1"), iso("8.5"), hipaa("164.312(d)")];
const REST: References = &[nist("SC-28(1)"), pci("3.5.1"), soc2("CC6.1"), iso("8.24"), hipaa("164.312(a)(2)(iv)")];
const TRANSIT: References = &[nsa("Network separation and hardening"), nist("SC-8(1)"), pci("4.2.1"), soc2("CC6.7"), iso("8.24"), hipaa("164.312(e)(2)(ii)")];
const LITERAL: References = &[nist("IA-5(7)"), nist190("4.1.4"), pci("8.6.2"), soc2("CC6.1"), iso("5.17"), hipaa("164.312(a)(2)(iv)")];
const SHIPPED: References = &[nist("SI-7"), nist190("4.1.5"), pci("6.3.2"), soc2("CC8.1"), iso("8.32")];
const LOGS: References = &[nsa("Audit logging and threat detection"), nist("AU-6"), pci("10.2.1"), soc2("CC7.2"), iso("8.15"), hipaa("164.312(b)")];
const WATCHED: References = &[nsa("Audit logging and threat detection"), nist("AU-5"), nist("SI-4"), pci("10.4.1"), soc2("CC7.2"), iso("8.16"), hipaa("164.312(b)")];
const PRIVATE: References = &[soc2("P6.1"), iso("5.34"), iso("8.12")];
const CONTROL_PLANE: References = &[nsa("Authentication and authorization"), nist("CM-6"), pci("2.2.1"), soc2("CC7.1"), iso("8.9")];
const CONFIGURATION: References = &[nist("CM-2"), nist("CM-6"), nist("SI-7"), pci("2.2.1"), soc2("CC7.1"), iso("8.9")];

const fn row(id: &'static str, reads: Reads, because: &'static str, groups: &'static [References]) -> Standing {
    Standing { id, reads, because, groups }
}

pub(super) static TABLE: [Standing; 133] = [
    row("PSS-001", Objects, "root on the node in one step", &[POD, &[cis("5.2.2"), pss("privileged")]]),
    row("PSS-002", Objects, "the node's processes or traffic are open to the pod", &[POD, &[cis("5.2.3"), cis("5.2.4"), cis("5.2.5"), pss("hostNamespaces")]]),
    row("PSS-003", Objects, "files of the node are open to the pod", &[POD, &[cis("5.2.11"), pss("hostPathVolumes"), nist190("4.5.5")]]),
    row("PSS-004", Objects, "it passes by Services and their policies, and reaches one node alone", &[POD, &[cis("5.2.12"), pss("hostPorts")]]),
    row("PSS-005", Objects, "each is a part of root's power over the node", &[POD, &[cis("5.2.9"), pss("capabilities_baseline")]]),
    row("PSS-006", Objects, "what is not dropped serves whoever takes the program over", &[POD, &[cis("5.2.8"), cis("5.2.9"), pss("capabilities_restricted")]]),
    row("PSS-007", Objects, "it opens the way to root inside the container, one wall before the node", &[POD, &[cis("5.2.6"), pss("allowPrivilegeEscalation")]]),
    row("PSS-008", Objects, "root inside is root outside as soon as one wall fails", &[POD, &[cis("5.2.7"), pss("runAsNonRoot"), nsa("Non-root containers and rootless container engines")]]),
    row("PSS-009", Objects, "root inside is root outside as soon as one wall fails", &[POD, &[cis("5.2.7"), pss("runAsUser"), nsa("Non-root containers and rootless container engines")]]),
    row("PSS-010", Objects, "one wall fewer; others still stand", &[POD, &[cis("5.6.2"), pss("seccompProfile_baseline"), pss("seccompProfile_restricted")]]),
    row("PSS-011", Objects, "one wall fewer; others still stand", &[POD, &[cis("5.6.3"), pss("appArmorProfile")]]),
    row("PSS-012", Objects, "one wall fewer; others still stand", &[POD, &[cis("5.6.3"), pss("seLinuxOptions")]]),
    row("PSS-013", Objects, "the kernel is shared with everything on the node", &[POD, &[cis("5.6.3"), pss("sysctls")]]),
    row("PSS-014", Objects, "one mask fewer over the kernel; others still stand", &[POD, &[cis("5.6.3"), pss("procMount"), pss("procMount_restricted")]]),
    row("PSS-015", Objects, "storage passes by the classes that were agreed on", &[POD, &[cis("5.6.3"), pss("restrictedVolumes")]]),
    row("PSS-016", Objects, "it is a program on the node, not a container", &[POD, &[cis("5.2.10"), pss("windowsHostProcess")]]),
    row("PSS-017", Objects, "the node connects where the pod says; it cannot read the answer", &[POD, &[cis("5.6.3"), pss("hostProbesAndHostLifecycle")]]),
    row("PSS-018", Objects, "without it the API server admits every pod, whatever the others say", &[POD, &[cis("5.2.1"), nsa("Pod security enforcement")]]),
    row("PSS-019", Cluster, "who may make a pod takes the node over", &[POD, &[cis("5.2.1"), nsa("Pod security enforcement")]]),
    row("WKL-001", Objects, "it helps to stay, not to get in", &[POD, &[nsa("Immutable container file systems"), nist190("4.4.4")]]),
    row("WKL-002", Objects, "it starves neighbours; it opens nothing", &[AVAILABLE, &[nsa("Resource policies")]]),
    row("WKL-003", Objects, "the socket of the runtime, or the kubelet's files, are the node itself", &[POD, &[cis("5.2.11"), nist190("4.5.5")]]),
    row("WKL-004", Objects, "the token opens what its account may do, often nothing", &[RIGHTS, &[cis("5.1.6"), nsa("Protecting Pod service account tokens")]]),
    row("WKL-005", Objects, "rights given to `default` later would be rights of this pod", &[RIGHTS, &[cis("5.1.5")]]),
    row("WKL-006", Objects, "rules by namespace do not reach it; nothing is open by that alone", &[APART, &[cis("5.6.1"), cis("5.6.4"), nsa("Namespaces")]]),
    row("WKL-007", Objects, "it fails more often than it need; it opens nothing", &[AVAILABLE]),
    row("WKL-009", Objects, "it eases the work of who is already inside", &[POD]),
    row("NET-001", Objects, "every pod that is added is open until somebody thinks of it", &[NETWORK, &[cis("5.3.2"), pci("1.3.1"), nsa("Network policies")]]),
    row("NET-002", Objects, "data leaves unseen; it does not let anybody in", &[NETWORK, &[cis("5.3.2"), pci("1.3.2"), nsa("Network policies"), nist190("4.4.2")]]),
    row("NET-003", Objects, "a pod that no policy selects is open to all", &[NETWORK, &[cis("5.3.2"), nsa("Network policies")]]),
    row("NET-004", Objects, "tenants reach each other", &[NETWORK, &[pci("11.4.5"), nist("AC-4")]]),
    row("NET-005", Objects, "credentials of nodes and the API stand behind these addresses", &[NETWORK, &[nist190("4.3.3"), nsa("Protecting sensitive cloud infrastructure")]]),
    row("NET-006", Objects, "a rule that does nothing is missed when it is needed", &[NETWORK]),
    row("NET-010", Cluster, "without enforcement every policy is only text", &[NETWORK, &[cis("5.3.1"), nsa("Network policies")]]),
    row("NET-015", Objects, "it opens a door past the edge", &[NETWORK, &[cis("1.2.3")]]),
    row("NET-016", Objects, "what was meant to be private answers the internet", &[NETWORK]),
    row("NET-017", Cluster, "it is tried by everybody; it still asks who comes", &[NETWORK, &[nsa("Control plane hardening")]]),
    row("NET-019", Cluster, "a firewall may still stand before it", &[NETWORK, &[nsa("Worker node segmentation")]]),
    row("NET-021", Objects, "who may write an Ingress reads every Secret that its controller can", &[NETWORK, &[nist("SI-10")]]),
    row("RBC-001", Objects, "it is power over everything", &[RIGHTS, RBAC, &[cis("5.1.1"), cis("5.1.7")]]),
    row("RBC-002", Objects, "rights grow with each kind that is added", &[RIGHTS, RBAC, &[cis("5.1.3")]]),
    row("RBC-003", Objects, "Secrets are the keys to everything else", &[RIGHTS, RBAC, &[cis("5.1.2")]]),
    row("RBC-004", Objects, "who makes a pod acts as any account of the namespace", &[RIGHTS, RBAC, &[cis("5.1.4")]]),
    row("RBC-005", Objects, "it is a way to every right there is", &[RIGHTS, RBAC, &[cis("5.1.8")]]),
    row("RBC-006", Objects, "each is a known way to the node or to all", &[RIGHTS, RBAC, &[cis("5.1.9"), cis("5.1.10"), cis("5.1.11"), cis("5.1.12"), cis("5.1.13")]]),
    row("RBC-007", Objects, "whoever reaches the API has it", &[RIGHTS, RBAC]),
    row("RBC-008", Objects, "a tenant acts outside of its namespace", &[RIGHTS, RBAC, &[pci("7.2.5")]]),
    row("RBC-012", Objects, "it grants nothing today", &[RIGHTS, RBAC]),
    row("RBC-009", Cluster, "who takes one tenant over reads what opens the others", &[RIGHTS, RBAC, &[nist("AC-3"), soc2("CC6.1")]]),
    row("NET-011", Cluster, "tenants reach each other", &[NETWORK, &[pci("11.4.5"), nist("AC-4")]]),
    row("AUT-001", Cluster, "whoever reaches the host runs code in it", &[LOGIN, &[nist("AC-3"), soc2("CC6.1")]]),
    row("AUT-005", Cluster, "a cookie must be got hold of first, which the rest makes hard", &[LOGIN, &[nist("AC-12"), nist("SC-23"), hipaa("164.312(a)(2)(iii)")]]),
    row("AUT-009", Cluster, "somebody who is logged in must open a page of another tenant; then it reads all that she may", &[APART, &[nist("AC-4")]]),
    row("AUT-006", Cluster, "an account alone; what its role may do decides", &[LOGIN, &[nist("AC-2")]]),
    row("NET-012", Cluster, "what keeps every tenant's data is a password away", &[NETWORK, &[nist("AC-4"), pci("11.4.5")]]),
    row("NET-013", Cluster, "a node's credentials open what every tenant keeps; a way in must be found first", &[NETWORK, &[nist190("4.3.3"), nsa("Protecting sensitive cloud infrastructure")]]),
    row("NET-014", Cluster, "something must listen there, and policies keep others from it", &[NETWORK, &[pci("2.2.4")]]),
    row("NET-018", Cluster, "what others expect is shut out; nothing is open by it", &[NETWORK]),
    row("NET-020", Cluster, "data leaves, and strangers' code comes in, past everybody who looks", &[NETWORK, &[nist("SC-7")]]),
    row("AUT-007", Cluster, "nobody has to log in", &[LOGIN, &[cis("1.2.1"), nsa("Authentication")]]),
    row("AUT-008", Cluster, "whoever reaches the port commands every pod of the node", &[LOGIN, &[cis("4.2.1"), cis("4.2.2"), cis("4.2.4"), nsa("Authentication")]]),
    row("DBS-001", Cluster, "who takes one tenant over has the data of another", &[APART, RIGHTS, &[pci("7.2.5"), nist("AC-4")]]),
    row("DBS-002", Cluster, "who takes one tenant over has the data of all", &[RIGHTS, &[pci("7.2.5"), nist("AC-4")]]),
    row("DBS-003", Cluster, "every role of the server comes into every tenant's data", &[RIGHTS, &[pci("7.2.5")]]),
    row("DBS-004", Cluster, "who takes one tenant over has the data of all", &[RIGHTS, &[pci("7.2.5")]]),
    row("DBS-005", Cluster, "whoever reaches the port is let in; the network still stands before it", &[LOGIN, &[pci("2.2.2")]]),
    row("DBS-006", Cluster, "who stands between reads and changes what Airflow stores", &[TRANSIT, &[nsa("Encryption")]]),
    row("DBS-009", Cluster, "who reads the database, or a copy of it, reads data of people that nobody guards there", &[PRIVATE, &[pci("3.5.1"), nist("SI-12")]]),
    row("AFL-001", Cluster, "who holds the key, or a copy of it, reads what the deployment stores", &[REST]),
    row("AFL-003", Cluster, "passwords of other systems stand in every copy of the database", &[REST]),
    row("AFL-002", Objects, "connections are stored in the clear, or cannot be read again", &[REST]),
    row("AFL-004", Objects, "who reads the object can sign in as anybody", &[LOGIN, LITERAL]),
    row("AFL-005", Objects, "strangers see or run what tenants keep there", &[LOGIN]),
    row("AFL-006", Objects, "one tenant can starve the others", &[APART, &[cis("5.6.1"), nsa("Resource policies")]]),
    row("TLS-001", Objects, "clients refuse every host as soon as the edge starts anew", &[TRANSIT, &[nist("SC-12"), nist("SC-17")]]),
    row("TLS-002", Cluster, "clients refuse the host, or somebody else answers in its place", &[TRANSIT, &[nist("SC-17")]]),
    row("TLS-003", Cluster, "old versions can be read by who stands between", &[TRANSIT, &[cis("1.2.29"), nsa("Encryption")]]),
    row("TLS-004", Cluster, "the first request can be read, and answered by who stands between", &[TRANSIT, &[nsa("Encryption")]]),
    row("TLS-006", Cluster, "who stands between has the password of the registry, and decides what runs", &[TRANSIT, SHIPPED, &[nist190("4.2.1"), nsa("Encryption")]]),
    row("TLS-008", Cluster, "what servers and tasks tell each other can be read on the way", &[TRANSIT, &[nsa("Encryption")]]),
    row("TLS-009", Cluster, "what should be verified does not work, which is seen; nothing is open by it", &[TRANSIT, AVAILABLE]),
    row("TLS-007", Cluster, "scanners learn whose platform it is", &[TRANSIT]),
    row("TLS-005", Objects, "logins travel in the clear", &[TRANSIT, &[nsa("Encryption")]]),
    row("REG-001", Cluster, "whoever reaches the registry has the images, and decides what runs", &[LOGIN, SHIPPED, &[nist190("4.2.3")]]),
    row("REG-003", Objects, "code of strangers runs", &[SHIPPED, &[cis("5.5.1"), nist("CM-7(5)"), nsa("Building secure container images")]]),
    row("REG-004", Objects, "what runs can change without anybody changing it", &[SHIPPED]),
    row("REG-006", Cluster, "what was not vouched for runs; the registry still stands before it", &[SHIPPED, &[cis("5.5.1"), nist("CM-14")]]),
    row("SEC-001", Objects, "many more may read these objects than Secrets", &[LITERAL, &[cis("5.4.1"), nsa("Secrets")]]),
    row("SEC-003", Objects, "Secrets are the keys to everything else", &[RIGHTS, &[cis("5.1.2"), nsa("Secrets")]]),
    row("SEC-008", Cluster, "many more may read logs than Secrets, and logs are kept for years", &[LITERAL, &[nist("AU-9")]]),
    row("SEC-004", Cluster, "who takes one tenant over holds the keys of another", &[LOGIN, &[pci("8.6.2")]]),
    row("SEC-005", Objects, "it is guessed or looked up in minutes", &[LOGIN, &[pci("2.2.2"), pci("8.3.6")]]),
    row("SEC-007", Files, "it never ends and is used from anywhere", &[RIGHTS, &[cis("5.1.6")]]),
    row("SEC-009", Objects, "who takes one program over has every tenant's data", &[RIGHTS, &[pci("7.2.5")]]),
    row("MON-001", Cluster, "faults stay unseen until users tell of them", &[WATCHED]),
    row("MON-003", Cluster, "faults stay unseen until users tell of them", &[WATCHED, &[nsa("Alerting")]]),
    row("PII-001", Objects, "data about people and systems leaves for somebody else", &[PRIVATE, &[nist("SC-7")]]),
    row("CPL-001", Objects, "each setting guards the control plane; the finding names its number", &[CONTROL_PLANE]),
    row("CPL-002", Cluster, "each setting guards every pod of a node; the finding names its number", &[CONTROL_PLANE]),
    row("CPL-003", Cluster, "each file guards its node; who gets there is on the node already", &[CONTROL_PLANE]),
    row("ENC-001", Cluster, "every credential of every tenant is in every copy of etcd", &[REST, &[cis("1.2.27"), cis("1.2.28"), nsa("Secrets"), nist190("4.3.2")]]),
    row("ENC-002", Cluster, "what was stored in the clear stays so until it is written again", &[REST, &[nsa("Secrets"), nist190("4.3.2")]]),
    row("EVD-001", Cluster, "a report of a part looks like one of the whole", &[]),
    row("EVD-003", Cluster, "nobody who answers for it has seen what runs", &[CONFIGURATION, &[soc2("CC8.1")]]),
    row("EVD-002", Cluster, "what was approved is not what runs; what that opens, other checks say", &[CONFIGURATION]),
    row("RBC-010", Objects, "whoever takes these credentials over changes all that was installed", &[RIGHTS, RBAC, &[soc2("CC6.3")]]),
    row("RBC-011", Cluster, "who takes the account over may more than anybody agreed to; what that opens, other checks say", &[RIGHTS, RBAC]),
    row("WKL-008", Objects, "what a task left is read later; nothing new is opened", &[APART]),
    row("TLS-010", Objects, "hosts go dark on the day their certificate ends", &[TRANSIT, &[nist("SC-17")]]),
    row("ENC-003", Objects, "who gets at a disk reads what tenants keep", &[REST]),
    row("SEC-002", Objects, "many more may read these objects than Secrets", &[LITERAL, &[nsa("Secrets")]]),
    row("AFL-007", Objects, "what is in a namespace is open to all that runs in it", &[APART, &[nist("AC-4")]]),
    row("MON-002", Objects, "faults stay unseen until users tell of them", &[WATCHED, &[nsa("Alerting")]]),
    row(
        "LOG-001",
        Objects,
        "nobody can say afterwards who did what",
        &[LOGS, &[cis("1.2.16"), cis("1.2.17"), cis("1.2.18"), cis("1.2.19"), cis("3.2.1"), nist("AU-12"), nsa("Kubernetes native audit logging configuration")]],
    ),
    row(
        "VUL-001",
        Objects,
        "whoever reaches the program uses a fault that everybody can look up",
        &[&[nist("RA-5"), nist190("4.1.1"), pci("6.3.1"), pci("11.3.1"), iso("8.8"), soc2("CC7.1"), nsa("Building secure container images"), nsa("Upgrading and application security practices")]],
    ),
    row(
        "VUL-002",
        Cluster,
        "faults that are found are mended in newer versions alone",
        &[&[nist("RA-5"), pci("6.3.3"), iso("8.8"), soc2("CC7.1"), nsa("Upgrading and application security practices")]],
    ),
    row("AUT-002", Cluster, "passwords are kept and guessed in many places", &[LOGIN, &[nist("IA-2")]]),
    row("AUT-003", Cluster, "a password is a way past the identity provider", &[LOGIN, &[nist("IA-2(1)")]]),
    row("DBS-007", Cluster, "who takes one tenant over has the data of all", &[RIGHTS, &[nist("AC-4")]]),
    row("DBS-008", Cluster, "who reads the database, or a copy of it, has what it keeps", &[REST]),
    row("LOG-002", Cluster, "what is not collected is not found afterwards", &[LOGS, &[nsa("Worker node and container logging")]]),
    row("LOG-003", Cluster, "logs of one tenant tell another one what it does", &[LOGS, &[nist("AU-9")]]),
    row("LOG-004", Cluster, "what happened longer ago cannot be looked into", &[LOGS, &[nist("AU-11"), pci("10.5.1")]]),
    row("LOG-005", Cluster, "users ask for more rights than they need to find a fault", &[LOGS]),
    row("REG-002", Cluster, "one tenant decides what runs at another's", &[RIGHTS, SHIPPED, &[nist("AC-4")]]),
    row("REG-005", Cluster, "what was put in its place runs as if it were shipped", &[SHIPPED]),
    row("AUT-004", Cluster, "a stolen password is enough to log in", &[LOGIN, &[nist("IA-2(1)"), pci("8.4.2")]]),
    row("ENC-004", Cluster, "who gets at the provider's disks reads images and logs", &[REST]),
    row("ENC-005", Cluster, "who gets at a disk reads what tenants keep", &[REST]),
    row("ENC-006", Cluster, "data is lost with its disk, or read from a copy", &[REST, &[soc2("A1.2"), soc2("A1.3"), iso("8.13")]]),
    row("VUL-003", Cluster, "ways in that no list of checks knows stay open", &[&[pci("11.4.3"), pci("11.4.4"), iso("8.8"), nist("CA-8"), nsa("Upgrading and application security practices")]]),
    row("EXC-001", Objects, "an exception that nobody answers for hides a fault", &[]),
    row("SRC-001", Files, "what was not read may hold any of the faults that the others look for", &[]),
];
