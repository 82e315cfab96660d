//! Kinds that other programs bring to a cluster, as released: what is written of them is judged by the API server itself.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use airlock_bed::{Bed, eventually};

/// Kinds of one API group. They go when this is dropped, and all objects of them too.
pub(super) struct Kinds<'a> {
    bed: &'a Bed,
    group: &'static str,
    plurals: &'static [&'static str],
}

impl<'a> Kinds<'a> {
    /// Makes them, and waits until they are served.
    pub(super) fn make(bed: &'a Bed, group: &'static str, plurals: &'static [&'static str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cluster/images/kinds");
        let output = Command::new(script).arg(group).output().expect("images/kinds");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        for kind in plurals {
            bed.kubectl(["apply", "--server-side", "-f", &format!("{folder}/{group}_{kind}.yaml")]).expect("a kind");
            // A kind that was made this moment has no conditions yet, which kubectl takes for an error.
            let established = || bed.kubectl(["wait", "--for=condition=Established", &format!("crd/{kind}.{group}"), "--timeout=30s"]);
            eventually("the kind is served", Duration::from_mins(1), established).expect("the kind is served");
        }
        Self { bed, group, plurals }
    }
}

impl Drop for Kinds<'_> {
    fn drop(&mut self) {
        for kind in self.plurals {
            let _ = self.bed.kubectl(["delete", "crd", &format!("{kind}.{}", self.group), "--ignore-not-found", "--wait=false"]);
        }
    }
}
