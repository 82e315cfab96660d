//! A registry that has forgotten an image: known before anything is written.

use airlock_bed::Bed;
use airlock_e2e::Site;

use crate::bad_input::{Expected, assert_refused};

pub(crate) fn it_is_known_before_the_first_write(bed: &Bed) {
    let site = Site::on(bed.clone(), "imageless");
    // The company's registry forgets the tag; it is published again afterwards.
    let forget = "nginxinc/nginx-unprivileged";
    let folder = bed.folder().join("registries/data/docker/registry/v2/repositories").join(forget).join("_manifests/tags");
    let hidden = folder.with_file_name("tags-hidden");
    std::fs::rename(&folder, &hidden).expect("the registry keeps its tags there");
    let audit = site.audit();
    let run = site.install(&site.answers(""));
    std::fs::rename(&hidden, &folder).expect("back");
    assert_refused(&site, "image not in the registry", &run, &Expected { exit: 3, first_line: "error[platform.blocked]: IMG-001 (docker.io/nginxinc/nginx-unprivileged:…" });
    assert!(run.first_line().ends_with(" blocks the run; nothing was written"), "{}", run.stderr);
    assert_eq!(audit.writes(), [], "nothing is written");
}
