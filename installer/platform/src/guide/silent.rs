//! What is not asked: it comes from the cluster or from a default, stands in the summary, and can be changed there.

use std::collections::BTreeMap;

use airlock_model::Untrusted;
use airlock_model::answers::Sizing;

use super::question::{Choice, Form, Question, Suggestion, Topic};
use super::{detect, proxy};

pub(super) const QUESTIONS: &[Question] = &[
    Question {
        topic: Topic::Storage,
        number: None,
        title: "storage class",
        asks: "Which storage class do volumes get?",
        explains: "The registry, the database server, and monitoring keep their data on volumes of this class. It cannot be changed once the volumes exist.",
        keys: &["components"],
        unknown: None,
        form: |facts| {
            let classes = facts.storage_classes.known().into_iter().flatten().map(|class| Choice::new(&class.name, Untrusted::from(class.name.as_str()).to_string()));
            Form::Choice([Choice::new("", "the cluster's default")].into_iter().chain(classes).collect())
        },
        suggest: |facts, _| detect::storage(facts),
        get: |answers| answers.components.registry.storage.class.clone().unwrap_or_default(),
        put: |answers, class| {
            let class = (!class.is_empty()).then(|| class.to_owned());
            let components = &mut answers.components;
            let asked_for = [&mut components.monitoring, &mut components.auditor].into_iter().flatten();
            for component in [&mut components.registry, &mut components.database].into_iter().chain(asked_for) {
                component.storage.class.clone_from(&class);
            }
            Ok(())
        },
    },
    Question {
        topic: Topic::Sizing,
        number: None,
        title: "size",
        asks: "How large is the platform?",
        explains: "It says how many pods run and what they ask of the nodes; `airlock requirements --answers FILE` lists the sums.",
        keys: &["sizing"],
        unknown: None,
        form: |_| Form::Choice(vec![Choice::new("tiny", "tiny, for a look"), Choice::new("small", "small, for a team"), Choice::new("production", "production, for a company")]),
        suggest: detect::sizing,
        get: |answers| {
            match answers.sizing {
                Sizing::Tiny => "tiny",
                Sizing::Small => "small",
                Sizing::Production => "production",
            }
            .into()
        },
        put: |answers, sizing| {
            answers.sizing = match sizing {
                "tiny" => Sizing::Tiny,
                "production" => Sizing::Production,
                _ => Sizing::Small,
            };
            Ok(())
        },
    },
    Question {
        topic: Topic::Address,
        number: None,
        title: "edge address",
        asks: "Which address was reserved for the load balancer?",
        explains: "With a reserved address DNS records can be set before the installation, and the run does not wait for them. Without one the provider chooses.",
        keys: &["edge"],
        unknown: None,
        form: |_| Form::Text { hint: "an IP address; empty: the provider chooses", empty: Some("the provider chooses") },
        suggest: |_, _| Suggestion::default("", ""),
        get: |answers| answers.edge.address.clone().unwrap_or_default(),
        put: |answers, address| {
            answers.edge.address = (!address.is_empty()).then(|| address.to_owned());
            Ok(())
        },
    },
    Question {
        topic: Topic::Proxy,
        number: None,
        title: "proxy",
        asks: "Which proxy leads out?",
        explains: "Image registries and an ACME authority are reached through it, and so is the receiver of alerts. What lies inside never is. An authority by which it opens TLS belongs into `trust.ca`.",
        keys: &["network"],
        unknown: None,
        form: |_| Form::Text { hint: "as in http://proxy.example.com:3128 in=10.1.2.0/24 airlock file:/etc/proxy-password; empty: none", empty: Some("none") },
        suggest: |_, _| Suggestion::default("", ""),
        get: proxy::get,
        put: proxy::put,
    },
    Question {
        topic: Topic::Labels,
        number: None,
        title: "required labels",
        asks: "Which labels must every object bear?",
        explains: "Admission policies of some companies refuse objects without them. They are put on every object that Airlock makes.",
        keys: &["metadata"],
        unknown: None,
        form: |_| Form::Text { hint: "key=value, separated by commas; empty: none", empty: Some("none") },
        suggest: |_, _| Suggestion::default("", ""),
        get: |answers| answers.metadata.labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", "),
        put: |answers, labels| {
            answers.metadata.labels = labels
                .split(',')
                .map(str::trim)
                .filter(|label| !label.is_empty())
                .map(|label| label.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned())).ok_or_else(|| format!("`{label}` has no `=`, as in team=data")))
                .collect::<Result<BTreeMap<_, _>, _>>()?;
            Ok(())
        },
    },
];
