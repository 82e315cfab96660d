//! Waits that cannot end well: they end early, with the cause in one sentence.

use std::time::Duration;

use airlock_bed::Bed;
use airlock_e2e::Site;

pub(crate) fn a_claim_that_stays_pending_is_named(bed: &Bed) {
    let site = Site::on(bed.clone(), "unbound");
    let run = site.install(&site.answers("components: { registry: { storage: { class: never } } }\n")).expect(6);
    // A wait that merely does not move goes on for five minutes.
    assert!(run.took < Duration::from_mins(3), "it took {:?}", run.took);
    let line = run.first_error();
    assert!(line.starts_with("error[engine.not-ready]") && line.contains("registry-data") && line.contains("storage class never"), "the claim is not in `{line}`:\n{}", run.stderr);
}

pub(crate) fn a_crash_loop_ends_the_wait_with_the_last_words_of_the_program(bed: &Bed) {
    let site = Site::on(bed.clone(), "crashing");
    let patch = "patches:\n  - target: ConfigMap/edge-config\n    patch: { data: { nginx.conf: \"nonsense;\" } }\n    reason: shows how a crash is told\n";
    let run = site.install(&site.answers(patch)).expect(6);
    assert!(run.took < Duration::from_mins(3), "it took {:?}", run.took);
    let line = run.first_error();
    assert!(line.contains("edge") && line.contains("unknown directive") && line.contains("nonsense"), "nginx's last words are not in `{line}`:\n{}", run.stderr);

    // Without the patch the same site goes on.
    site.install(&site.answers("")).expect(11);
}
