//! REG-003: where images come from.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, World};

use crate::described::Described;
use crate::live::{self, PodOf};
use crate::parameter;
use crate::pod_images::images;
use crate::pod_security::Violation;

static SOURCE: Described = Described {
    spec: CheckSpec {
        id: "REG-003",
        title: "images come only from registries that were agreed on",
        severity: Severity::High,
        promises: &["P2", "P14"],
        explanation: "image of every init, main, and ephemeral container of each pod and template, and of volumes that are images, with the registry written out as the runtime does (`nginx` is docker.io/library/nginx), against REG-003.registries: a registry, or a registry with the beginning of a path. Without that parameter nothing was agreed on and the check does not apply.",
        remedy: "Copy the image into a registry of the list and name it there, or have the list extended by whoever answers for it: `--set REG-003.registries=registry.example.com`.",
    },
    expected: "an image below one of the entries of REG-003.registries",
    why: "code of strangers runs, which nobody has looked at and which they may change",
};

/// REG-003
pub(super) struct Sources;

impl Check for Sources {
    fn spec(&self) -> &CheckSpec<'_> {
        &SOURCE.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![live::need("v1", "Pod")]
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let agreed = parameter::texts(profile, "REG-003.registries");
        if agreed.is_empty() {
            return vec![SOURCE.not_applicable(live::PODS, Reason::NotAsked, "REG-003.registries names none")];
        }
        SOURCE.each_pod(given, |pod| {
            let odd = images(pod)?.into_iter().filter(|image| !agreed.iter().any(|entry| is_below(&written_out(image.name), entry)));
            Some(odd.map(|image| Violation::new(image.path, Some(&image.name.into()), format!("{} comes from {}", image.name, written_out(image.name)))).collect())
        })
    }
}

/// The images of a pod that are named without a digest; none: the pod could not be read.
pub(crate) fn without_digest(pod: &PodOf<'_>) -> Option<Vec<Violation>> {
    let odd = images(pod)?.into_iter().filter(|image| !has_digest(image.name));
    Some(odd.map(|image| Violation::new(image.path, Some(&image.name.into()), format!("{} has no digest", if image.name.is_empty() { "the image" } else { image.name }))).collect())
}

fn has_digest(image: &str) -> bool {
    image.rsplit_once("@sha256:").is_some_and(|(_, digest)| digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The name without tag and digest; a colon before a slash stands before a port (distribution/reference).
fn name(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or_default();
    match name.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        _ => name,
    }
}

/// The last part of the name, which says what is in the image.
pub(super) fn short_name(image: &str) -> &str {
    let name = name(image);
    name.rsplit_once('/').map_or(name, |(_, last)| last)
}

/// The name with registry and path as runtimes complete it, without tag and digest (distribution/reference, "familiar names").
fn written_out(image: &str) -> String {
    let name = name(image);
    match name.split_once('/') {
        Some(("docker.io" | "index.docker.io", rest)) if rest.contains('/') => format!("docker.io/{rest}"),
        Some(("docker.io" | "index.docker.io", rest)) => format!("docker.io/library/{rest}"),
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => name.to_owned(),
        Some(_) => format!("docker.io/{name}"),
        None => format!("docker.io/library/{name}"),
    }
}

/// Whole parts of a path alone count: `example.com/a` is not below `example.com/ab`, nor `example.com.evil.test` below `example.com`.
fn is_below(name: &str, entry: &str) -> bool {
    name.strip_prefix(entry.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_completed_as_runtimes_complete_them() {
        for (image, whole) in [
            ("nginx", "docker.io/library/nginx"),
            ("nginx:1.30", "docker.io/library/nginx"),
            ("apache/airflow:3.1.0", "docker.io/apache/airflow"),
            ("registry.example.com:5000/a/b@sha256:00", "registry.example.com:5000/a/b"),
            ("docker.io/nginx:1.30", "docker.io/library/nginx"),
            ("index.docker.io/library/nginx", "docker.io/library/nginx"),
            ("docker.io/apache/airflow", "docker.io/apache/airflow"),
            ("localhost/a", "localhost/a"),
            ("localhost:5000/a:b", "localhost:5000/a"),
        ] {
            assert_eq!(written_out(image), whole, "{image}");
        }
    }

    #[test]
    fn an_entry_covers_whole_parts_of_a_path() {
        assert!(is_below("example.com/a/b", "example.com"));
        assert!(is_below("example.com/a/b", "example.com/a/"));
        assert!(!is_below("example.com.evil.test/a", "example.com"));
        assert!(!is_below("example.com/ab", "example.com/a"));
    }

    #[test]
    fn only_a_whole_digest_is_one() {
        assert!(has_digest(&format!("a@sha256:{}", "0".repeat(64))));
        assert!(!has_digest("a@sha256:00"));
        assert!(!has_digest("a:sha256"));
    }
}
