//! Why nothing could be rendered: a template of ours is wrong, or answers ask for what cannot be.

use airlock_model::answers::HostPatternError;
use airlock_model::{Code, Coded, ImageRefError, ObjectError};

/// Why nothing could be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template has a mistake: syntax, an undefined variable, a filter that refused its value. The text says file and line.
    #[error("a template cannot be rendered\n{0}")]
    Template(String),
    /// What came out of a template is not YAML.
    #[error("{file} does not give YAML: {message}")]
    Yaml {
        /// The template.
        file: String,
        /// What the parser says.
        message: String,
    },
    /// What came out of a template is not an object.
    #[error("{file} does not give an object")]
    Object {
        /// The template.
        file: String,
        /// What is missing.
        #[source]
        source: ObjectError,
    },
    /// A `component.yaml`, `images.yaml`, or `sizing.yaml` is not as it should be.
    #[error("{file}: {message}")]
    Declaration {
        /// The file.
        file: String,
        /// What is wrong.
        message: String,
    },
    /// An image of ours has no valid reference.
    #[error("images.yaml: the reference of `{name}` is wrong")]
    ImageReference {
        /// Its name.
        name: String,
        /// What is wrong.
        #[source]
        source: ImageRefError,
    },
    /// A `when` is no expression, or did not give true or false.
    #[error("{component}/component.yaml: `when` cannot be decided: {message}")]
    Condition {
        /// The component.
        component: String,
        /// What CEL says.
        message: String,
    },
    /// A value of ours cannot be written as data.
    #[error("the values for templates cannot be written")]
    Values(#[source] serde_json::Error),
    /// The image lock lacks an image that a pod runs.
    #[error("the image lock has no digest for `{name}`")]
    ImageNotLocked {
        /// Its name in `images.yaml`.
        name: String,
    },
    /// The host patterns give no host name.
    #[error(transparent)]
    Host(#[from] HostPatternError),
    /// Two components would have the same host.
    #[error("`{first}` and `{second}` would both have the host {host}")]
    SameHost {
        /// The host.
        host: String,
        /// One name.
        first: String,
        /// The other name.
        second: String,
    },
    /// An override names a host that no component has.
    #[error("hosts.overrides: there is no host `{name}`{}", nearest.as_ref().map_or_else(|| format!("; there is {known}"), |nearest| format!("; did you mean `{nearest}`?")))]
    HostUnknown {
        /// The name.
        name: String,
        /// The most similar one.
        nearest: Option<String>,
        /// All names.
        known: String,
    },
    /// The name of a namespace is none.
    #[error("namespaces.{key}: `{name}` is not a namespace name (RFC 1123: lower case letters, digits, and hyphens inside, at most 63)")]
    NamespaceName {
        /// `platform`, `probes`.
        key: &'static str,
        /// The name.
        name: String,
    },
    /// A quantity in the answers is none, or zero.
    #[error("{path}: `{text}` is not a Kubernetes quantity above zero, as in 250m or 1Gi")]
    Quantity {
        /// Where it stands.
        path: String,
        /// The text.
        text: String,
    },
    /// A request is above its limit.
    #[error("{path}: the request {request} is above the limit {limit}")]
    RequestAboveLimit {
        /// Where they stand.
        path: String,
        /// The request.
        request: String,
        /// The limit.
        limit: String,
    },
    /// A component cannot run in so many pods.
    #[error("components.{component}.replicas: {asked} is not possible; it runs in 1 to {most} pods")]
    Replicas {
        /// The component.
        component: String,
        /// As asked for.
        asked: u32,
        /// The most.
        most: u32,
    },
    /// Answers set a label or annotation that is Airlock's own.
    #[error("metadata: `{key}` is set by Airlock itself")]
    ReservedMetadata {
        /// The label or annotation.
        key: String,
    },
    /// A network is not written as CIDR, or an address is none.
    #[error("{path}: `{text}` is not {wanted}")]
    Network {
        /// Where it stands.
        path: String,
        /// The text.
        text: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// A pull secret is not one of the namespace that pods run in.
    #[error("images.pullSecret: `{text}` is not a Secret of the namespace {namespace}, as in secret:{namespace}/name")]
    PullSecret {
        /// The text.
        text: String,
        /// The namespace.
        namespace: String,
    },
    /// A connection needs a peer that the survey could not read and the answers do not name.
    #[error("{component} needs {peer}, which the survey could not read: {why}")]
    PeerUnknown {
        /// The component.
        component: String,
        /// `cluster DNS`, `API server`.
        peer: &'static str,
        /// The missing right or the failure.
        why: String,
    },
    /// A further way out is for a component that is not installed.
    #[error("network.egress: there is no component `{0}` with pods")]
    EgressComponent(String),
    /// A patch matches no object.
    #[error("patches: `{target}` matches no object{}", suggestion(nearest))]
    PatchUnmatched {
        /// Its target.
        target: String,
        /// Targets of the same kind or name that would match.
        nearest: Vec<String>,
    },
    /// A patch may not do what it does.
    #[error("patches: the patch of `{target}` {why}")]
    PatchRefused {
        /// Its target.
        target: String,
        /// Why not.
        why: &'static str,
    },
}

fn suggestion(nearest: &[String]) -> String {
    if nearest.is_empty() { String::new() } else { format!("; there is {}", nearest.join(", ")) }
}

impl Coded for RenderError {
    fn code(&self) -> Code {
        Code(match self {
            Self::Template(_) => "render.template",
            Self::Yaml { .. } | Self::Object { .. } => "render.manifest",
            Self::Declaration { .. } | Self::ImageReference { .. } | Self::Condition { .. } | Self::Values(_) => "render.declaration",
            Self::ImageNotLocked { .. } => "render.image-not-locked",
            Self::Host(_) | Self::SameHost { .. } | Self::HostUnknown { .. } => "render.host",
            Self::NamespaceName { .. } => "render.namespace-name",
            Self::Quantity { .. } | Self::RequestAboveLimit { .. } => "render.resources",
            Self::Replicas { .. } => "render.replicas",
            Self::ReservedMetadata { .. } => "render.reserved-metadata",
            Self::Network { .. } => "render.network",
            Self::PullSecret { .. } => "render.pull-secret",
            Self::PeerUnknown { .. } => "render.peer-unknown",
            Self::EgressComponent(_) => "render.egress-component",
            Self::PatchUnmatched { .. } => "render.patch-unmatched",
            Self::PatchRefused { .. } => "render.patch-refused",
        })
    }
}
