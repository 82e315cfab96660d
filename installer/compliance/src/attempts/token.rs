//! What a `ServiceAccount` of a deployment asks the Kubernetes API for with a token that is made for it: each that its pods run as, without
//! a pod for each.

use std::collections::BTreeMap;

use airlock_model::{Attempt, AttemptAction, AttemptId, ObjectRef, Target, Vantage, World, WorldDeployment};

/// An account of a deployment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bearer<'a> {
    of: &'a WorldDeployment,
    account: &'a ObjectRef,
}

impl<'a> Bearer<'a> {
    /// Each that pods of a deployment run as.
    pub(crate) fn all(world: &'a World, of: &'a WorldDeployment) -> impl Iterator<Item = Self> {
        world.accounts.iter().filter(|account| account.namespace.as_ref() == Some(&of.namespace)).map(move |account| Self { of, account })
    }

    /// Its name.
    pub(crate) fn account(self) -> &'a str {
        &self.account.name
    }

    /// Its name as a user (Kubernetes documentation, "Authenticating", service account tokens).
    pub(crate) fn user(self) -> String {
        format!("system:serviceaccount:{}:{}", self.of.namespace, self.account.name)
    }

    /// The name of [`Self::known`].
    pub(crate) fn known_id(self) -> AttemptId {
        AttemptId(format!("token.{}.{}.known", self.of.name, self.account.name))
    }

    /// Whom the API server takes the account for: the control. Everybody who logs in may ask (role `system:basic-user`), and a server in
    /// front that puts other credentials in place of the token is seen by the answer.
    pub(crate) fn known(self) -> Attempt {
        Attempt {
            id: self.known_id(),
            from: Vantage::Workstation,
            target: Target::KubernetesApi,
            action: AttemptAction::Identify { account: self.account.clone() },
            control: None,
            purpose: format!("a question to the Kubernetes API who is asking, with a token made for {}, to be answered with that account", self.account.name),
        }
    }

    /// The name of [`Self::secrets`].
    pub(crate) fn secrets_id(self) -> AttemptId {
        AttemptId(format!("token.{}.{}.secrets", self.of.name, self.account.name))
    }

    /// Requests for the Secrets of each other deployment and of the platform: for their list, and for each that Airlock makes there.
    pub(crate) fn secrets(self, world: &World) -> Attempt {
        let foreign = foreign(world, self.of).map(|namespace| {
            let there = world.secrets.iter().filter(|secret| secret.namespace.as_deref() == Some(namespace));
            (namespace.to_owned(), there.map(|secret| secret.name.clone()).collect())
        });
        Attempt {
            id: self.secrets_id(),
            from: Vantage::Workstation,
            target: Target::KubernetesApi,
            action: AttemptAction::ReadSecrets { account: self.account.clone(), of: foreign.collect::<BTreeMap<_, _>>() },
            control: Some(self.known_id()),
            purpose: format!("requests for the Secrets of other namespaces, their list and each by name, with a token made for {}, to be refused", self.account.name),
        }
    }
}

/// The namespaces of the other deployments and of the platform.
pub(crate) fn foreign<'a>(world: &'a World, of: &'a WorldDeployment) -> impl Iterator<Item = &'a str> {
    let others = world.deployments.iter().map(|other| other.namespace.as_str()).filter(|namespace| *namespace != of.namespace);
    others.chain(std::iter::once(world.platform.as_str()))
}
