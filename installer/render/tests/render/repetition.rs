//! Equal input gives equal output, also in another process, where maps are seeded anew.

use std::process::Command;

use airlock_model::Digest;

use crate::combinations;

/// Where the other process leaves its digest.
const FILE: &str = "AIRLOCK_RENDER_DIGEST";

/// Text order matters here, so this is not the canonical form.
fn digest() -> Digest {
    let mut text = String::new();
    for combination in combinations::some() {
        for component in combination.render().components {
            component.objects.iter().for_each(|object| text.push_str(&object.manifest().to_string()));
            text.push_str(&serde_json::to_string(&(&component.secrets, &component.certificates, &component.hosts, &component.images)).unwrap());
        }
    }
    Digest::of(text.as_bytes())
}

#[test]
fn two_processes_render_the_same_text() {
    let own = digest();
    if let Some(file) = std::env::var_os(FILE) {
        std::fs::write(file, own.as_str()).unwrap();
        return;
    }
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("render-digest-{}", std::process::id()));
    let name = concat!(module_path!(), "::two_processes_render_the_same_text").split_once("::").unwrap().1;
    let status = Command::new(std::env::current_exe().unwrap()).args(["--exact", name]).env(FILE, &file).status().unwrap();
    assert!(status.success());
    let other = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(other, own.as_str());
}
