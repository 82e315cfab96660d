//! Where what a tenant wrote runs, and what each of these places must reach: the control beside all that it must not.

use airlock_model::{Attempt, AttemptAction, AttemptId, Target, Vantage, World, WorldDeployment, names};

use super::CROSSED;

/// The Service of the database server that Airlock installs.
pub(crate) const DATABASE: &str = "database";

/// A component whose pods run what tenants wrote (Airflow, "Security Model": DAG authors execute code in workers, in the DAG processor,
/// and in the triggerer).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TenantCode {
    Task,
    DagProcessor,
    Triggerer,
}

impl TenantCode {
    /// All of them. Of the last two it is known that they reach the database alone: where that is not known, their ways have no control.
    pub(crate) const PLACES: [Self; 3] = [Self::Task, Self::DagProcessor, Self::Triggerer];

    /// In words, for subjects.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Task => "tasks",
            Self::DagProcessor => "the DAG processor",
            Self::Triggerer => "the triggerer",
        }
    }

    /// Begins the names of its attempts.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::DagProcessor => "dag-processor",
            Self::Triggerer => "triggerer",
        }
    }

    /// Where its policies apply.
    pub(super) fn of(self, of: &WorldDeployment) -> Vantage {
        let labels = [names::LABEL_NAME, names::LABEL_COMPONENT].map(|label| (label.to_owned(), format!("airflow-{}", self.key())));
        Vantage::Pod { namespace: of.namespace.clone(), labels: labels.into(), account: None }
    }

    /// What its control reaches, for findings.
    pub(crate) const fn partner(self) -> &'static str {
        match self {
            Self::Task => "its own server",
            Self::DagProcessor | Self::Triggerer => "its database",
        }
    }

    /// The name of [`Self::own`].
    pub(crate) fn own_id(self, of: &WorldDeployment) -> AttemptId {
        AttemptId(format!("{}.{}.own", self.key(), of.name))
    }

    /// A connection to the one server that it needs: the control. None: there is none.
    pub(crate) fn own(self, world: &World, of: &WorldDeployment) -> Option<Attempt> {
        let target = match self {
            Self::Task => Target::Address { host: format!("{}.{}.svc", CROSSED.0, of.namespace), port: CROSSED.1 },
            Self::DagProcessor | Self::Triggerer => world.database.as_ref().map(|server| Target::Address { host: server.host.clone(), port: server.port })?,
        };
        Some(Attempt {
            id: self.own_id(of),
            from: self.of(of),
            target,
            action: AttemptAction::Connect,
            control: None,
            purpose: format!("a connection from the place of {} to {}, to be made", self.words(), self.partner()),
        })
    }

    /// Whether it is meant to reach this port of a Service of the platform.
    pub(crate) fn is_declared(self, world: &World, service: &str, port: u16) -> bool {
        let is_database = |server: &airlock_model::WorldDatabase| !server.existing && server.port == port && server.host == format!("{service}.{}.svc", world.platform);
        // Which server it is may not be known; that Airlock installs one by this name is.
        self != Self::Task && world.database.as_ref().map_or(service == DATABASE, is_database)
    }
}
