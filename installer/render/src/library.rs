//! The files below `templates/`, as they were when the program was built.

use std::collections::BTreeMap;

use include_dir::{Dir, include_dir};

static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../templates");

/// Text files by their path below `templates/`, sorted. Tests make small ones of their own.
#[derive(Clone, Debug)]
pub(crate) struct Library {
    files: BTreeMap<String, String>,
}

/// What a folder of templates is called that describes a component.
const COMPONENT: &str = "component.yaml";
/// What the name of a template that gives objects ends with.
const MANIFEST: &str = ".yaml";

impl Library {
    /// What the program ships.
    pub(crate) fn shipped() -> Self {
        let mut files = BTreeMap::new();
        collect(&SHIPPED, &mut files);
        Self { files }
    }

    /// Other files.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self { files: files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect() }
    }

    /// The same with one more file, or another text for it.
    #[cfg(test)]
    pub(crate) fn with(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.to_owned(), text.to_owned());
        self
    }

    /// One file's text.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// All files.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The `component.yaml` of each component, with the component's folder.
    pub(crate) fn components(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter_map(|(path, text)| Some((path.strip_suffix(COMPONENT)?.strip_suffix('/')?, text)))
    }

    /// The templates of one component that give objects, sorted.
    pub(crate) fn manifests<'a>(&'a self, component: &'a str) -> impl Iterator<Item = &'a str> {
        self.files.keys().map(String::as_str).filter(move |path| {
            let name = path.strip_prefix(component).and_then(|rest| rest.strip_prefix('/'));
            name.and_then(|name| name.strip_suffix(MANIFEST)).is_some_and(|stem| !stem.contains('/')) && name != Some(COMPONENT)
        })
    }
}

fn collect(dir: &Dir<'_>, files: &mut BTreeMap<String, String>) {
    for file in dir.files() {
        // A template is text; a file that is none shows up as a missing one.
        if let (Some(path), Some(text)) = (file.path().to_str(), file.contents_utf8()) {
            files.insert(path.to_owned(), text.to_owned());
        }
    }
    for dir in dir.dirs() {
        collect(dir, files);
    }
}
