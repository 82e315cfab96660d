//! `docs/sizing.md`: what each size asks of a cluster, as the templates have it; `AIRLOCK_WRITE_DOCS=1` writes the table anew.

use std::fmt::Write as _;
use std::path::PathBuf;

use airlock_model::{AirflowDeployment, quantity};
use airlock_render::Rendered;

use crate::combinations::{Combination, MONITORED};

const BEGIN: &str = "<!-- from the program: sizes -->\n\n";
const END: &str = "\n<!-- end -->";

fn rendered(size: &str, deployment: bool) -> Rendered {
    let mut combination = Combination::of("sized", &format!("sizing: {size}\n{}", MONITORED[1]));
    combination.deployment = deployment.then(|| AirflowDeployment::named(&"alpha".parse().unwrap()));
    combination.render()
}

/// The sum of all claims, in GiB.
fn volumes(rendered: &Rendered) -> u64 {
    let objects = rendered.components.iter().flat_map(|component| &component.objects).filter(|object| object.reference().kind == "PersistentVolumeClaim");
    let size = |size: &str| quantity(size).unwrap() >> 30;
    objects.map(|claim| size(claim.manifest()["spec"]["resources"]["requests"]["storage"].as_str().unwrap())).sum()
}

fn quota(rendered: &Rendered) -> String {
    let mut objects = rendered.components.iter().flat_map(|component| &component.objects);
    let quota = objects.find(|object| object.reference().kind == "ResourceQuota").unwrap().manifest()["spec"]["hard"].clone();
    let text = |key: &str| quota[key].as_str().unwrap().to_owned();
    format!("{} CPU, {}, {} pods", text("requests.cpu"), text("requests.memory"), text("pods"))
}

fn table() -> String {
    let mut text = "| size | asked for | pods | largest pod | volumes | quota |\n|---|---|---|---|---|---|\n".to_owned();
    for size in ["tiny", "small", "production"] {
        let platform = rendered(size, false);
        let _ = writeln!(text, "| `{size}`, the platform with monitoring | {} | {} | {} | {} GiB | |", platform.requests, platform.pods, platform.largest_pod, volumes(&platform));
        let one = rendered(size, true);
        let _ = writeln!(text, "| `{size}`, each Airflow deployment | {} | {} | {} | {} GiB | {} |", one.requests, one.pods, one.largest_pod, volumes(&one), quota(&one));
    }
    text
}

#[test]
fn the_page_of_sizes_says_what_the_templates_ask_for() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/sizing.md");
    let committed = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = committed.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let current = format!("{before}{BEGIN}{}{END}{after}", table());
    if std::env::var_os("AIRLOCK_WRITE_DOCS").is_some() {
        std::fs::write(&path, &current).unwrap();
    } else {
        assert!(current == committed, "docs/sizing.md is not what the templates ask for; write it anew: make docs");
    }
}
