//! Text becomes objects: multi-document YAML, JSON, and lists, as the API server would read them.
//!
//! [`read`] takes one file apart; [`snapshot`] joins files into what checks are given. Nothing is guessed: what cannot be
//! read, or is of a kind that no check knows, is kept with file, line, and column, and check SRC-001 tells of it.

mod kinds;
mod scalar;
mod snapshot;
mod tree;
mod unrendered;

use std::collections::BTreeMap;

use airlock_model::{Action, Object, ObjectRef, Place, Plan, ReadFault, SnapshotObject, Unread};
use serde_json::Value;

use tree::{Document, Position};

pub use kinds::key;
pub use snapshot::snapshot;

/// The most bytes of a file that are read.
pub const LARGEST_FILE: usize = 32 * 1024 * 1024;
/// Lists within lists that are opened.
const DEEPEST_LIST: usize = 8;

/// What one file held.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileObjects {
    /// Its objects, in their order.
    pub objects: Vec<SnapshotObject>,
    /// What of it could not be read, or is not known.
    pub unread: Vec<Unread>,
}

/// Reads the text of one file.
pub fn read(file: &str, text: &[u8]) -> FileObjects {
    let mut reading = Reading::of(file);
    if text.len() > LARGEST_FILE {
        reading.fault(None, Position::BEGIN, ReadFault::Broken, format!("the file has more than {LARGEST_FILE} bytes, the most that are read"));
        return reading.found;
    }
    let text = match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(error) => {
            let good = String::from_utf8_lossy(text.get(..error.valid_up_to()).unwrap_or_default());
            reading.fault(None, Position::end_of(&good), ReadFault::Broken, "the file is no text in UTF-8".to_owned());
            return reading.found;
        }
    };
    let (documents, fault) = tree::documents(text);
    for document in documents {
        reading.document(document);
    }
    if let Some(fault) = fault {
        reading.fault(Some(fault.document), fault.at, ReadFault::Broken, fault.message);
    }
    if reading.found.objects.is_empty() && reading.found.unread.is_empty() {
        reading.fault(None, Position::BEGIN, ReadFault::Empty, "the file holds no object".to_owned());
    }
    reading.found
}

/// The objects that a plan would write; `file` is what it lies in, and the number of a step, from 0, stands for that of a document.
pub fn planned(file: &str, plan: &Plan) -> FileObjects {
    let mut reading = Reading::of(file);
    for (index, step) in (0..).zip(&plan.steps) {
        let objects: &[Object] = match &step.action {
            Action::Apply(objects) => objects,
            Action::Run(job) => std::slice::from_ref(job),
            Action::Delete(_) | Action::Generate(_) | Action::Issue(_) | Action::Push(_) | Action::Probe(_) | Action::Await(_) => continue,
        };
        for object in objects {
            reading.object((index, Position::BEGIN), object.manifest().clone(), &Inherited::default());
        }
    }
    // What a step writes has no line of its own.
    for place in reading.found.objects.iter_mut().filter_map(|object| object.place.as_mut()) {
        place.line = None;
    }
    reading.found
}

/// A file that could not be opened, or holds too much.
pub fn unreadable(file: &str, message: impl Into<String>) -> FileObjects {
    let mut reading = Reading::of(file);
    reading.fault(None, Position::BEGIN, ReadFault::Broken, message.into());
    reading.found
}

struct Reading<'f> {
    file: &'f str,
    found: FileObjects,
    /// Texts of the document at hand with double braces in them; none of a plan, whose templates were rendered.
    braced: BTreeMap<String, Position>,
}

impl<'f> Reading<'f> {
    fn of(file: &'f str) -> Self {
        Self { file, found: FileObjects::default(), braced: BTreeMap::new() }
    }

    fn fault(&mut self, document: Option<u32>, at: Position, fault: ReadFault, message: String) {
        self.found.unread.push(Unread { file: self.file.into(), document, line: at.line, column: at.column, message: message.into(), fault });
    }

    fn document(&mut self, document: Document) {
        let Document { index, at, value, braced } = document;
        self.braced = braced;
        if !value.is_null() {
            self.object((index, at), value, &Inherited::default());
        }
    }

    /// Takes an object, or the objects of a list. Items of a typed list inherit its version and kind, as `kubectl` has it.
    fn object(&mut self, (index, at): (u32, Position), mut value: Value, of_list: &Inherited) {
        let number = Some(index);
        let Some(fields) = value.as_object_mut() else {
            self.fault(number, at, ReadFault::Broken, "this is no object: it has no fields".to_owned());
            return;
        };
        for (key, inherited) in [("apiVersion", &of_list.api_version), ("kind", &of_list.kind)] {
            if let Some(inherited) = inherited {
                fields.entry(key).or_insert_with(|| inherited.as_str().into());
            }
        }
        let text = |key: &str| fields.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        let (Some(api_version), Some(kind)) = (text("apiVersion"), text("kind")) else {
            self.fault(number, at, ReadFault::Broken, no_object(self.file));
            return;
        };
        if api_version.starts_with("kustomize.config.k8s.io/") {
            self.fault(number, at, ReadFault::Broken, no_object("kustomization.yaml"));
            return;
        }
        if kind.ends_with("List")
            && let Some(Value::Array(items)) = fields.remove("items")
        {
            let inherited = Inherited { depth: of_list.depth + 1, ..Inherited::of(&api_version, &kind) };
            if inherited.depth > DEEPEST_LIST {
                self.fault(number, at, ReadFault::Broken, format!("lists stand in lists more than {DEEPEST_LIST} deep"));
                return;
            }
            for item in items {
                self.object((index, at), item, &inherited);
            }
            return;
        }
        if !self.braced.is_empty()
            && let Some(text) = unrendered::text(&api_version, &kind, &value)
        {
            let at = self.braced.get(text).copied().unwrap_or(at);
            self.fault(number, at, ReadFault::Broken, unrendered::UNRENDERED.to_owned());
            return;
        }
        // The reader takes `name: no` for a switch; the API server refuses it.
        if let Some(key) = ["name", "namespace"].into_iter().find(|key| value.pointer(&format!("/metadata/{key}")).is_some_and(|named| !named.is_string() && !named.is_null())) {
            self.fault(number, at, ReadFault::Broken, format!("metadata.{key} of the {kind} is no text; write it in quotation marks"));
            return;
        }
        let of_metadata = |key: &str| value.pointer(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let Some(name) = of_metadata("/metadata/name").or_else(|| of_metadata("/metadata/generateName")) else {
            self.fault(number, at, ReadFault::Broken, format!("the {kind} has no metadata.name"));
            return;
        };
        let object = ObjectRef { name: name.to_owned(), namespace: of_metadata("/metadata/namespace").map(str::to_owned), api_version, kind };
        if let Some((fault, message)) = kinds::unknown(&object, &value) {
            self.fault(number, at, fault, message);
        }
        self.found.objects.push(SnapshotObject { object, manifest: value, place: Some(Place { file: self.file.into(), document: index, line: Some(at.line) }) });
    }
}

/// What an item of a list need not repeat.
#[derive(Default)]
struct Inherited {
    api_version: Option<String>,
    kind: Option<String>,
    depth: usize,
}

impl Inherited {
    /// Items of a `List` are of any kind, those of a `PodList` are pods.
    fn of(api_version: &str, list: &str) -> Self {
        let kind = list.strip_suffix("List").filter(|kind| !kind.is_empty()).map(str::to_owned);
        Self { api_version: kind.is_some().then(|| api_version.to_owned()), kind, depth: 0 }
    }
}

fn no_object(file: &str) -> String {
    let name = file.rsplit(['/', ':']).next().unwrap_or(file).to_lowercase();
    let instead = match name.as_str() {
        "chart.yaml" | "values.yaml" => "; it belongs to a chart: give the output of `helm template`",
        "kustomization.yaml" | "kustomization.yml" => "; it says how to build objects: give the output of `kustomize build`",
        _ => "",
    };
    format!("this is no object of Kubernetes: it lacks apiVersion and kind of one{instead}")
}

#[cfg(test)]
mod tests;
