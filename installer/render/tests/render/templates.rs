//! The templates as texts: what a reader of the folder must be able to rely on.

use std::path::{Path, PathBuf};

fn files() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, files: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, files) } else { files.push((path.clone(), std::fs::read_to_string(&path).unwrap())) }
        }
    }
    let mut files = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates"), &mut files);
    files.retain(|(path, _)| path.extension().is_none_or(|extension| extension != "md"));
    assert!(files.len() > 10);
    files.sort();
    files
}

/// The insides of `{{ … }}` with the line they stand on.
fn printed(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().flat_map(|(number, line)| line.split("{{").skip(1).filter_map(move |rest| Some((number + 1, rest.split_once("}}")?.0.trim()))))
}

#[test]
fn every_value_goes_through_a_filter_that_writes_data() {
    for (path, text) in files() {
        for (line, inside) in printed(&text) {
            let last = inside.rsplit('|').next().unwrap_or_default().trim();
            assert!(inside.contains('|') && ["quote", "json", "number", "word"].contains(&last), "{}:{line}: {{{{ {inside} }}}} is written as it is", path.display());
        }
    }
}

#[test]
fn no_template_names_an_image_by_its_reference() {
    let release = airlock_render::release().unwrap();
    for (path, text) in files().into_iter().filter(|(path, _)| !path.ends_with("images.yaml")) {
        for (name, image) in &release.images {
            assert!(!text.contains(&image.reference.name()) && !text.contains(&image.reference.host), "{}: names {name} by its reference", path.display());
        }
        for line in text.lines().filter_map(|line| line.trim().strip_prefix("image:")) {
            assert!(release.images.contains_key(line.trim()), "{}: image:{line}", path.display());
        }
    }
}

/// Domains that are names of labels, APIs, or Kubernetes itself, and belong into templates.
const KNOWN: [&str; 9] = ["cert-manager.io", "coreos.com", "kubernetes.io", "k8s.io", "airlock-platform.io", "gke.io", "svc.cluster.local", "github.com", "test"];

#[test]
fn no_template_holds_a_literal_host() {
    let is_host = |word: &str| {
        let labels: Vec<&str> = word.split('.').collect();
        let top = labels.last().copied().unwrap_or_default();
        labels.len() > 1
            && ["com", "org", "net", "io", "dev", "test", "local", "example", "cloud", "internal"].contains(&top)
            && labels.iter().all(|label| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
    };
    for (path, text) in files().into_iter().filter(|(path, _)| !path.ends_with("images.yaml")) {
        for (number, line) in text.lines().enumerate() {
            for word in line.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))) {
                let known = word.starts_with("answers.") || KNOWN.iter().any(|known| word == *known || word.ends_with(&format!(".{known}")));
                assert!(!is_host(word) || known, "{}:{}: {word}", path.display(), number + 1);
            }
        }
    }
}

#[test]
fn every_image_of_the_release_is_declared_by_a_component() {
    let components: String = files().into_iter().filter(|(path, _)| path.ends_with("component.yaml")).map(|(_, text)| text).collect();
    for name in airlock_render::release().unwrap().images.keys() {
        let is_declared = |line: &str| (line.starts_with("images:") && line.contains(name.as_str())) || line.starts_with(&format!("  {name}: \"answers."));
        assert!(components.lines().any(is_declared), "nobody runs {name}");
    }
}

#[test]
fn images_are_the_ones_that_the_bed_builds() {
    let table = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cluster/images/README.md")).unwrap();
    for (name, image) in airlock_render::release().unwrap().images {
        let version = airlock_render::release().unwrap().version.to_string();
        let written = image.reference.to_string();
        let row = |reference: &str| table.contains(&format!("| {name} | `{reference}` |"));
        assert!(row(&written) || row(&written.replace(&version, "<version>")), "{name}: {written}");
    }
}
