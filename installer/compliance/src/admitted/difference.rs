//! Two pods held against each other, field by field; what a list is told by is what Kubernetes merges it by.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Lists and what their items are told by (`x-kubernetes-list-map-keys` and `patchMergeKey` of the Kubernetes API, `PodSpec`).
const KEYED: [(&str, &[&str]); 14] = [
    ("containers", &["name"]),
    ("initContainers", &["name"]),
    ("ephemeralContainers", &["name"]),
    ("env", &["name"]),
    ("volumes", &["name"]),
    ("volumeMounts", &["mountPath"]),
    ("volumeDevices", &["devicePath"]),
    ("ports", &["containerPort", "protocol"]),
    ("imagePullSecrets", &["name"]),
    ("hostAliases", &["ip"]),
    ("topologySpreadConstraints", &["topologyKey", "whenUnsatisfiable"]),
    ("resourceClaims", &["name"]),
    ("schedulingGates", &["name"]),
    ("sysctls", &["name"]),
];
/// Lists whose items are told by all that they say.
const SETS: [&str; 4] = ["tolerations", "envFrom", "readinessGates", "supplementalGroups"];
/// What is compared key by key also where one side has none of it. Another field that is there on one side alone is one difference.
const MAPS: [&str; 8] = ["labels", "annotations", "spec", "nodeSelector", "resources", "limits", "requests", "securityContext"];

/// A step to a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step<'a> {
    Field(&'a str),
    /// An item of a list: where it stands, and what it is told by.
    Item(usize, String),
}

/// A field that is not as it was asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Difference<'a> {
    pub(super) at: Vec<Step<'a>>,
    pub(super) asked: Option<&'a Value>,
    pub(super) stored: Option<&'a Value>,
}

impl Difference<'_> {
    /// JSON pointer in the pod; of what is gone, in the template.
    pub(super) fn pointer(&self) -> String {
        let segment = |step: &Step<'_>| match step {
            Step::Field(name) => format!("/{}", name.replace('~', "~0").replace('/', "~1")),
            Step::Item(index, _) => format!("/{index}"),
        };
        self.at.iter().map(segment).collect()
    }

    /// Fields and keys of items, to be matched: `["spec", "containers", "edge", "image"]`.
    pub(super) fn names(&self) -> Vec<&str> {
        self.at.iter().map(Step::name).collect()
    }
}

impl Step<'_> {
    pub(super) fn name(&self) -> &str {
        match self {
            Step::Field(name) => name,
            Step::Item(_, key) => key,
        }
    }
}

/// What differs between a template and a pod: labels, annotations, and the spec.
pub(super) fn differences<'a>(template: &'a Value, pod: &'a Value) -> Vec<Difference<'a>> {
    let mut walk = Walk { at: Vec::new(), found: Vec::new() };
    for path in [&["metadata", "annotations"][..], &["metadata", "labels"], &["spec"]] {
        let at = |root: &'a Value| path.iter().try_fold(root, |value, key| value.get(key));
        walk.at = path.iter().map(|key| Step::Field(key)).collect();
        walk.value(at(template), at(pod));
    }
    walk.found
}

struct Walk<'a> {
    at: Vec<Step<'a>>,
    found: Vec<Difference<'a>>,
}

impl<'a> Walk<'a> {
    fn value(&mut self, asked: Option<&'a Value>, stored: Option<&'a Value>) {
        let (asked, stored) = (asked.filter(|value| !self.is_nothing(value)), stored.filter(|value| !self.is_nothing(value)));
        if asked == stored {
            return;
        }
        let objects = (asked.map(Value::as_object), stored.map(Value::as_object));
        let lists = (asked.map(Value::as_array), stored.map(Value::as_array));
        match (objects, lists) {
            ((Some(Some(asked)), Some(Some(stored))), _) => self.fields(Some(asked), Some(stored)),
            ((Some(Some(asked)), None), _) if self.is_map() => self.fields(Some(asked), None),
            ((None, Some(Some(stored))), _) if self.is_map() => self.fields(None, Some(stored)),
            (_, (Some(Some(_)) | None, Some(Some(_)) | None)) if self.is_told_apart() => self.items(lists.0.flatten(), lists.1.flatten()),
            _ => self.found.push(Difference { at: self.at.clone(), asked, stored }),
        }
    }

    fn fields(&mut self, asked: Option<&'a Map<String, Value>>, stored: Option<&'a Map<String, Value>>) {
        let keys: BTreeSet<&'a String> = asked.into_iter().chain(stored).flat_map(Map::keys).collect();
        for key in keys {
            self.at.push(Step::Field(key));
            self.value(asked.and_then(|fields| fields.get(key)), stored.and_then(|fields| fields.get(key)));
            self.at.pop();
        }
    }

    fn items(&mut self, asked: Option<&'a Vec<Value>>, stored: Option<&'a Vec<Value>>) {
        let (mut asked, stored) = (self.by_key(asked), self.by_key(stored));
        for (key, (index, item)) in stored {
            let (told, before) = (key.0.clone(), asked.remove(&key));
            self.item(index, told, before.map(|(_, item)| item), Some(item));
        }
        for ((told, _), (index, item)) in asked {
            self.item(index, told, Some(item), None);
        }
    }

    fn item(&mut self, index: usize, told: String, asked: Option<&'a Value>, stored: Option<&'a Value>) {
        self.at.push(Step::Item(index, told));
        match (asked, stored) {
            (Some(_), Some(_)) => self.value(asked, stored),
            _ => self.found.push(Difference { at: self.at.clone(), asked, stored }),
        }
        self.at.pop();
    }

    /// Items by what they are told by, and by how many of the same stand before them: a variable may stand there twice.
    fn by_key(&self, items: Option<&'a Vec<Value>>) -> BTreeMap<(String, usize), (usize, &'a Value)> {
        let keys = KEYED.iter().find(|(list, _)| Some(*list) == self.field()).map(|(_, keys)| *keys);
        let (mut found, mut counted) = (BTreeMap::new(), BTreeMap::new());
        for (index, item) in items.into_iter().flatten().enumerate() {
            let part = |key: &&str| item.get(key).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            let told = keys.map_or_else(|| item.to_string(), |keys| keys.iter().filter_map(part).collect::<Vec<_>>().join("/"));
            let before: &mut usize = counted.entry(told.clone()).or_default();
            found.insert((told, *before), (index, item));
            *before += 1;
        }
        found
    }

    fn field(&self) -> Option<&'a str> {
        if let Some(Step::Field(name)) = self.at.last() { Some(name) } else { None }
    }

    fn is_told_apart(&self) -> bool {
        self.field().is_some_and(|field| SETS.contains(&field) || KEYED.iter().any(|(list, _)| *list == field))
    }

    fn is_map(&self) -> bool {
        self.field().is_some_and(|field| MAPS.contains(&field))
    }

    /// What is empty says nothing; of a volume it says of which kind it is.
    fn is_nothing(&self, value: &Value) -> bool {
        let is_of_volume = matches!(&self.at[..], [.., Step::Field("volumes"), Step::Item(..), Step::Field(_)]);
        match value {
            Value::Null => true,
            Value::Object(fields) => fields.is_empty() && !is_of_volume,
            Value::Array(items) => items.is_empty(),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
    }
}
