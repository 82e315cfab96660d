//! What the grammar has and this release cannot do yet. It is refused by name: an answer that is ignored is a lie.

use super::{Answers, Delivery, Exposure, Mode, SecretsMode};

/// An answer that is valid but not built yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotBuilt {
    /// Path of the key: `tls.source`.
    pub key: String,
    /// Its value, as written.
    pub value: String,
    /// What is possible instead.
    pub instead: String,
}

impl Answers {
    /// Everything in these answers that this release cannot do yet, in the order of the document.
    pub fn not_built(&self) -> Vec<NotBuilt> {
        let mut found = Vec::new();
        let mut refuse = |refused: bool, key: &str, value: String, instead: &str| {
            if refused {
                found.push(NotBuilt { key: key.into(), value, instead: instead.into() });
            }
        };
        let leave_out = "leave it out";

        refuse(self.extends.is_some(), "extends", shown(self.extends.as_deref()), "write all answers into one file");
        refuse(self.edge.exposure != Exposure::LoadBalancer, "edge.exposure", word(&self.edge.exposure), "possible is loadBalancer");
        refuse(self.images.mirror.is_some(), "images.mirror", shown(self.images.mirror.as_deref()), "images come from where they are published; leave it out");
        refuse(self.images.pull_secret.is_some(), "images.pullSecret", "a reference".into(), leave_out);
        refuse(!self.images.map.is_empty(), "images.map", entries(self.images.map.len()), leave_out);
        refuse(!self.images.overrides.is_empty(), "images.override", entries(self.images.overrides.len()), leave_out);
        for (name, component) in [("edge", &self.components.edge), ("registry", &self.components.registry)] {
            refuse(component.mode != Mode::Bundled, &format!("components.{name}.mode"), word(&component.mode), "possible is bundled");
        }
        let audited_by_others = self.components.auditor.as_ref().is_some_and(|auditor| auditor.mode == Mode::Existing);
        refuse(audited_by_others, "components.auditor.mode", word(&Mode::Existing), "possible are bundled and off");
        refuse(!self.namespaces.create, "namespaces.create", "false".into(), "possible is true: Airlock makes its namespaces");
        refuse(self.secrets.mode != SecretsMode::Generate, "secrets.mode", word(&self.secrets.mode), "possible is generate");
        refuse(self.delivery != Delivery::Direct, "delivery", word(&self.delivery), "possible is direct");
        found
    }
}

fn shown(value: Option<&str>) -> String {
    value.unwrap_or_default().to_owned()
}

fn entries(count: usize) -> String {
    if count == 1 { "1 entry".into() } else { format!("{count} entries") }
}

/// The word of a closed list, as answers write it.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
