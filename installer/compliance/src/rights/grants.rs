//! Roles, bindings, and what follows from them together.

use std::collections::BTreeSet;

use airlock_model::{ObjectRef, Snapshot, SnapshotObject};
use serde::Deserialize;
use serde_json::Value;

use super::rule::{Request, Rule, rules};
use super::subject::{Holder, MASTERS};
use super::{bootstrap, default_roles};
use crate::live;
use crate::network::{Labels, Selector, WrittenSelector};

/// All rights that the objects of a snapshot grant.
#[derive(Debug, Default)]
pub struct Rights<'a> {
    pub(crate) roles: Vec<Role<'a>>,
    pub(crate) bindings: Vec<Binding<'a>>,
    /// What could not be read, and why.
    pub(crate) unread: Vec<(&'a SnapshotObject, String)>,
}

/// A Role or `ClusterRole`.
#[derive(Debug)]
pub(crate) struct Role<'a> {
    pub(crate) given: &'a SnapshotObject,
    /// Its own rules, or those of the roles that it aggregates.
    pub(crate) rules: Vec<Rule>,
    /// Kubernetes made it, and nobody added to it.
    pub(crate) is_default: bool,
    labels: Labels,
    aggregates: Option<Vec<Selector>>,
}

/// A `RoleBinding` or `ClusterRoleBinding`.
#[derive(Debug)]
pub(crate) struct Binding<'a> {
    pub(crate) given: &'a SnapshotObject,
    pub(crate) role: RoleName,
    pub(crate) holders: Vec<Holder>,
    /// Kubernetes made it, and nobody added to it or to its role.
    pub(crate) is_default: bool,
    /// The same, but for holders.
    is_bootstrap: bool,
}

/// A role by its name; none as namespace: a `ClusterRole`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoleName {
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
}

impl RoleName {
    /// Whether it is the name of this object.
    pub(crate) fn is_of(&self, object: &ObjectRef) -> bool {
        object.name == self.name
            && match &self.namespace {
                None => object.kind == "ClusterRole",
                Some(namespace) => object.kind == "Role" && object.namespace.as_deref().unwrap_or("default") == namespace,
            }
    }
}

impl<'a> Rights<'a> {
    /// Reads roles and bindings; what cannot be read is kept apart, and not guessed at.
    pub fn read(given: &'a Snapshot) -> Self {
        Self::of(["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"].iter().flat_map(|kind| given.objects.get(*kind).and_then(|found| found.as_ref().ok()).into_iter().flatten()))
    }

    /// The same of objects from elsewhere, such as those that a plan declares; other kinds grant nothing.
    pub(crate) fn of(objects: impl Iterator<Item = &'a SnapshotObject>) -> Self {
        let mut rights = Self::default();
        for object in objects.filter(|object| object.object.group() == GROUP) {
            let read = match object.object.kind.as_str() {
                "Role" | "ClusterRole" => Role::read(object).map(|role| rights.roles.push(role)),
                "RoleBinding" | "ClusterRoleBinding" => Binding::read(object).map(|binding| rights.bindings.push(binding)),
                _ => Ok(()),
            };
            if let Err(reason) = read {
                rights.unread.push((object, reason));
            }
        }
        rights.aggregate();
        let Self { roles, bindings, .. } = &mut rights;
        for binding in bindings {
            binding.is_bootstrap = bootstrap::is_binding(binding) && !roles.iter().any(|role| !role.is_default && role.is(&binding.role));
            let is_alone = binding.strangers().next().is_none();
            binding.is_default = binding.is_bootstrap && is_alone;
        }
        rights
    }

    /// An aggregating role has the rules of all that it selects, through other aggregating ones too (Kubernetes documentation,
    /// "Aggregated `ClusterRoles`").
    fn aggregate(&mut self) {
        let aggregated: Vec<Option<Vec<Rule>>> = (0..self.roles.len()).map(|index| self.roles[index].aggregates.as_ref().map(|_| self.gathered(index, &mut BTreeSet::new()))).collect();
        for (role, rules) in self.roles.iter_mut().zip(aggregated) {
            role.rules = rules.unwrap_or_else(|| std::mem::take(&mut role.rules));
        }
    }

    fn gathered(&self, index: usize, seen: &mut BTreeSet<usize>) -> Vec<Rule> {
        if !seen.insert(index) {
            return Vec::new();
        }
        let role = &self.roles[index];
        role.aggregates.as_ref().map_or_else(|| role.rules.clone(), |selectors| self.selected(selectors, seen))
    }

    /// The rules of all `ClusterRoles` with these labels. Of those that every cluster has, such as were not given are selected too: files
    /// may add to them without holding them.
    fn selected(&self, selectors: &[Selector], seen: &mut BTreeSet<usize>) -> Vec<Rule> {
        let is_meant = |labels: &Labels| selectors.iter().any(|selector| selector.matches(labels));
        let given = (0..self.roles.len()).filter(|other| self.roles[*other].given.object.kind == "ClusterRole" && is_meant(&self.roles[*other].labels));
        let mut rules: Vec<Rule> = given.flat_map(|other| self.gathered(other, seen)).collect();
        for (number, (name, into)) in default_roles::GATHERED.into_iter().enumerate() {
            let role = RoleName { namespace: None, name: name.to_owned() };
            if is_meant(&default_roles::labels_into(into)) && !self.roles.iter().any(|given| given.is(&role)) && seen.insert(self.roles.len() + number) {
                rules.extend(self.of_every_cluster(name, seen));
            }
        }
        rules
    }

    fn of_every_cluster(&self, name: &str, seen: &mut BTreeSet<usize>) -> Vec<Rule> {
        match default_roles::selector_of(name) {
            Some(selector) => self.selected(&[selector], seen),
            None => default_roles::rules_of(name).unwrap_or_default(),
        }
    }

    /// Whether somebody may do something, and by which binding; a member of `system:masters` may do everything, by none.
    pub fn may(&self, who: &Holder, request: &Request<'_>) -> Option<May<'a>> {
        if *who == Holder::Group(MASTERS.to_owned()) {
            return Some(May::Master);
        }
        let allows = |binding: &&Binding<'a>| binding.reaches(request) && binding.holders.iter().any(|named| who.is(named)) && self.rules_of(&binding.role).iter().any(|rule| rule.allows(request));
        self.bindings.iter().find(allows).map(|binding| May::By(&binding.given.object))
    }

    /// The rules behind a role's name: of the objects, else of the roles that every cluster has, with what objects add to them.
    pub(crate) fn rules_of(&self, name: &RoleName) -> Vec<Rule> {
        let mut given = self.roles.iter().filter(|role| role.is(name)).peekable();
        if given.peek().is_some() {
            return given.flat_map(|role| role.rules.iter().cloned()).collect();
        }
        if name.namespace.is_none() { self.of_every_cluster(&name.name, &mut BTreeSet::new()) } else { Vec::new() }
    }

    /// Whether what a role holds is known: it was given, or every cluster has it.
    pub(crate) fn knows(&self, name: &RoleName) -> bool {
        self.roles.iter().any(|role| role.is(name)) || name.namespace.is_none() && default_roles::is_known(&name.name)
    }

    /// Whether such a role was given, be it one that could not be read.
    pub(crate) fn has(&self, name: &RoleName) -> bool {
        self.roles.iter().any(|role| role.is(name)) || self.unread.iter().any(|(object, _)| name.is_of(&object.object))
    }

    /// The bindings of a role that are not Kubernetes' own and name somebody.
    pub(crate) fn bindings_of<'b>(&'b self, role: &'b Role<'a>) -> impl Iterator<Item = &'b Binding<'a>> {
        self.bindings.iter().filter(|binding| !binding.is_default && !binding.holders.is_empty() && role.is(&binding.role))
    }
}

/// Why somebody may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum May<'a> {
    /// A binding.
    By(&'a ObjectRef),
    /// The group `system:masters`, which is not asked for bindings.
    Master,
}

const GROUP: &str = "rbac.authorization.k8s.io";

impl<'a> Role<'a> {
    fn read(given: &'a SnapshotObject) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Aggregation {
            cluster_role_selectors: Option<Vec<WrittenSelector>>,
        }
        let aggregation = match given.manifest.get("aggregationRule") {
            None | Some(Value::Null) => None,
            Some(written) => Some(Aggregation::deserialize(written).map_err(|error| format!("its aggregation cannot be read: {error}"))?),
        };
        let aggregates = aggregation.map(|written| written.cluster_role_selectors.unwrap_or_default().into_iter().map(WrittenSelector::read).collect::<Result<Vec<_>, _>>()).transpose()?;
        let rules = rules(&given.manifest)?;
        Ok(Self { given, is_default: bootstrap::is_role(given, &rules), rules, labels: live::labels(&given.manifest), aggregates })
    }

    pub(crate) fn is(&self, name: &RoleName) -> bool {
        name.is_of(&self.given.object)
    }

    /// Whether its rules are those of others.
    pub(crate) const fn is_aggregating(&self) -> bool {
        self.aggregates.is_some()
    }

    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(String::as_str)
    }
}

impl<'a> Binding<'a> {
    fn read(given: &'a SnapshotObject) -> Result<Self, String> {
        let reference = given.manifest.get("roleRef").ok_or("it has no roleRef")?;
        let text = |key: &str| reference.get(key).and_then(Value::as_str);
        let home = (given.object.kind == "RoleBinding").then(|| given.object.namespace.as_deref().unwrap_or("default"));
        let name = text("name").ok_or("its roleRef has no name")?.to_owned();
        let role = match (text("kind"), home) {
            (Some("ClusterRole"), _) => RoleName { namespace: None, name },
            (Some("Role"), Some(namespace)) => RoleName { namespace: Some(namespace.to_owned()), name },
            _ => return Err("its roleRef is no role that it could bind".to_owned()),
        };
        let subjects = match given.manifest.get("subjects") {
            None | Some(Value::Null) => &[],
            Some(subjects) => subjects.as_array().ok_or("its subjects are no list")?.as_slice(),
        };
        let holders = subjects.iter().map(|subject| Holder::read(subject, home)).collect::<Result<_, _>>()?;
        // Whose it is shows when all roles are read.
        Ok(Self { given, role, holders, is_default: false, is_bootstrap: false })
    }

    /// The holders whom Kubernetes does not name there itself, each with its place among the subjects.
    pub(crate) fn strangers(&self) -> impl Iterator<Item = (usize, &Holder)> {
        self.holders.iter().enumerate().filter(move |(_, holder)| !self.is_bootstrap || !bootstrap::names(&self.given.object.name, holder))
    }

    /// The namespace that it grants in; none: all of them, and the cluster's own objects.
    pub(crate) fn namespace(&self) -> Option<&str> {
        (self.given.object.kind == "RoleBinding").then(|| self.given.object.namespace.as_deref().unwrap_or("default"))
    }

    /// A binding of a namespace grants there alone, and no paths.
    fn reaches(&self, request: &Request<'_>) -> bool {
        match (self.namespace(), request) {
            (None, _) => true,
            (Some(own), Request::Resource { namespace: Some(asked), .. }) => own == *asked,
            (Some(_), _) => false,
        }
    }
}
