use std::collections::BTreeMap;

use airlock_model::{Amount, Fact, Facts, Namespace, Node, StorageClass};

use super::*;

fn unread<T>() -> Fact<T> {
    Fact::Unverified("not looked at".into())
}

fn node(cpu_millis: u64, gibibytes: u64) -> Node {
    Node {
        name: "node1".into(),
        pool: "default".into(),
        pool_label: None,
        architecture: "amd64".into(),
        runtime: "containerd://2".into(),
        kubelet: "v1.37.0".into(),
        ready: true,
        schedulable: true,
        pressures: Vec::new(),
        allocatable: Amount { cpu_millis, memory_bytes: gibibytes << 30 },
        requested: Amount::default(),
        pods: 0,
        max_pods: 110,
    }
}

fn class(name: &str, default: bool, expandable: bool) -> StorageClass {
    StorageClass { name: name.into(), provisioner: "p".into(), default, binding_mode: "Immediate".into(), expandable }
}

pub(super) fn facts() -> Facts {
    Facts {
        server: "https://api.test".into(),
        cluster_uid: Fact::Known("uid-of-this".into()),
        version: unread(),
        clock_difference_millis: unread(),
        caller: unread(),
        nodes: Fact::Known(vec![node(32_000, 128)]),
        storage_classes: Fact::Known(vec![class("gp3", true, true)]),
        ingress_classes: unread(),
        gateway_classes: unread(),
        operators: unread(),
        prometheuses: unread(),
        cluster_issuers: unread(),
        issuers: unread(),
        dns: unread(),
        api_server: unread(),
        namespaces: Fact::Known(BTreeMap::new()),
        installations: Fact::Known(BTreeMap::new()),
        admission: unread(),
        quotas: unread(),
    }
}

fn guide(facts: Facts) -> Guide {
    Guide::new(facts, None).unwrap()
}

fn about(topic: Topic) -> &'static Question {
    question(topic).unwrap()
}

fn answered() -> Guide {
    let mut guide = guide(facts());
    guide.answer(about(Topic::Domain), "platform.test", Source::Asked).unwrap();
    guide
}

fn line(guide: &Guide, topic: Topic) -> String {
    let line = guide.summary().into_iter().find(|line| line.topic == topic).unwrap();
    format!("{} ({}: {})", line.value, line.source.word(), line.reason)
}

#[test]
fn what_has_one_possible_answer_is_told_and_not_asked() {
    let asked: Vec<Topic> = guide(facts()).to_ask().iter().map(|question| question.topic).collect();
    assert_eq!(asked, [Topic::Namespaces, Topic::Profile, Topic::Domain, Topic::Reach, Topic::Certificate, Topic::Database, Topic::Alerts]);
    let numbers: Vec<u8> = questions().filter_map(|question| question.number).collect();
    assert_eq!(numbers, (1..=9).collect::<Vec<u8>>());
    assert_eq!(guide(facts()).summary().len(), questions().count());
}

#[test]
fn only_the_domain_cannot_be_suggested() {
    let mut guide = guide(facts());
    let open: Vec<Topic> = guide.awaited().iter().map(|question| question.topic).collect();
    assert_eq!(open, [Topic::Domain]);
    assert!(!guide.is_begun());
    guide.answer(about(Topic::Domain), "platform.test", Source::Asked).unwrap();
    assert!(guide.awaited().is_empty() && guide.is_begun());
    assert_eq!(guide.answers().base_domain, "platform.test");
}

#[test]
fn an_answer_that_cannot_be_meant_is_refused_and_changes_nothing() {
    let mut guide = answered();
    let before = guide.answers().clone();
    for (topic, wrong, words) in [
        (Topic::Domain, "https://x.test", "has a scheme"),
        (Topic::Namespaces, "kube-system", "belongs to the cluster"),
        (Topic::Reach, "10.0.0.1/8", "10.0.0.1/8"),
        (Topic::Reach, " , ", "at least one network"),
        (Topic::Address, "edge", "not an IP address"),
        (Topic::Labels, "team", "has no `=`"),
        (Topic::Proxy, "proxy:3128", "no URL of a proxy"),
        (Topic::Proxy, "http://me:hunter2@proxy.test", "has a user or password in it"),
    ] {
        let refused = guide.answer(about(topic), wrong, Source::Asked).unwrap_err();
        assert!(refused.contains(words), "{refused}");
    }
    assert_eq!(guide.answers(), &before);
}

#[test]
fn the_way_in_is_one_that_the_profile_lets_pass() {
    let mut guide = answered();
    assert!(line(&guide, Topic::Reach).starts_with("internal load balancer, from every network"));
    guide.answer(about(Topic::Profile), "restricted", Source::Asked).unwrap();
    let reach = line(&guide, Topic::Reach);
    assert!(reach.starts_with("internal load balancer, from private networks alone") && reach.contains("the profile restricted asks which networks may connect (NET-016)"), "{reach}");
    assert!(guide.answer(about(Topic::Reach), "any", Source::Asked).unwrap_err().contains("NET-016"));
    guide.answer(about(Topic::Profile), "baseline", Source::Asked).unwrap();
    guide.answer(about(Topic::Reach), "any", Source::Asked).unwrap();
}

#[test]
fn a_value_that_only_a_file_could_say_can_be_kept() {
    let mut former = answered().answers().clone();
    former.profile.reference = "cis-1.12".into();
    let guide = Guide::new(facts(), Some(Former { answers: former, domain_known: true, source: Source::Kept })).unwrap();
    let form = guide.form(about(Topic::Profile));
    let Form::Choice(choices) = &form else { panic!("{form:?}") };
    assert_eq!(choices[form.place("cis-1.12").unwrap()].label, "cis-1.12, as the answers say");
    assert_eq!(choices.len(), 4);
}

#[test]
fn a_profile_out_of_a_file_is_kept_and_offered_to_nobody_who_has_none() {
    let offered = |guide: &Guide| match guide.form(about(Topic::Profile)) {
        Form::Choice(choices) => choices.into_iter().map(|choice| choice.value).filter(|value| value.starts_with("file:")).collect::<Vec<_>>(),
        form => panic!("{form:?}"),
    };
    assert_eq!(offered(&answered()), Vec::<String>::new());
    let mut former = answered().answers().clone();
    former.profile.reference = "file:/elsewhere/acme.yaml".into();
    let mut guide = Guide::new(facts(), Some(Former { answers: former, domain_known: true, source: Source::Kept })).unwrap();
    assert_eq!((offered(&guide), guide.suggestion(about(Topic::Profile)).value.unwrap()), (vec!["file:/elsewhere/acme.yaml".to_owned()], "file:/elsewhere/acme.yaml".to_owned()));
    guide.answer(about(Topic::Namespaces), "data", Source::Asked).unwrap();
    assert_eq!(guide.answers().profile.reference, "file:/elsewhere/acme.yaml", "whatever is answered beside it");
    assert!(guide.document("answers.yaml").contains("profile:\n  ref: file:/elsewhere/acme.yaml\n"), "{}", guide.document("answers.yaml"));
}

#[test]
fn another_namespace_takes_those_of_probes_and_deployments_along() {
    let mut guide = answered();
    guide.answer(about(Topic::Namespaces), "data", Source::Asked).unwrap();
    let names = &guide.answers().namespaces;
    assert_eq!((names.platform.as_str(), names.probes.as_str(), names.tenants.as_str()), ("data", "data-probes", "data-{tenant}"));
}

#[test]
fn the_namespace_is_that_of_the_installation_or_one_that_nobody_uses() {
    let value = |facts: &Facts| detect::namespace(facts).value.unwrap();
    assert_eq!(value(&facts()), "airlock");
    let installed = |names: &[(&str, &str)]| Facts { installations: Fact::Known(names.iter().map(|(name, id)| ((*name).into(), (*id).into())).collect()), ..facts() };
    assert_eq!(value(&installed(&[("data-probes", "i"), ("data", "i"), ("data-team", "i")])), "data");
    assert_eq!(value(&installed(&[("data", "i"), ("more", "j")])), "airlock");
    let foreign = Namespace { labels: BTreeMap::new(), installation: None, foreign: vec!["Deployment x".into()] };
    assert_eq!(value(&Facts { namespaces: Fact::Known([("airlock".to_owned(), foreign)].into()), ..facts() }), "airlock-platform");
}

#[test]
fn the_storage_class_is_the_default_else_one_that_can_grow_else_the_first() {
    let of = |classes: &[StorageClass]| {
        let suggestion = detect::storage(&Facts { storage_classes: Fact::Known(classes.to_vec()), ..facts() });
        (suggestion.value.unwrap(), suggestion.reason)
    };
    assert_eq!(of(&[class("a", false, true), class("b", true, false)]), (String::new(), "b".into()));
    assert_eq!(of(&[class("a", false, false), class("b", false, true)]).0, "b");
    assert_eq!(of(&[class("a", false, false), class("b", false, false)]).0, "a");
    assert_eq!(of(&[class("a", false, false)]).1, "the only class");
    assert_eq!(of(&[]).1, "the cluster has no storage class");
    assert_eq!(detect::storage(&Facts { storage_classes: unread(), ..facts() }).source, Source::Default);
}

/// On a cluster without a default class a volume that names none waits for ever.
#[test]
fn every_volume_gets_the_class_whatever_is_answered_first() {
    let classes = |guide: &Guide| {
        let components = &guide.answers().components;
        [Some(&components.registry), Some(&components.database), components.monitoring.as_ref()].map(|component| component.and_then(|component| component.storage.class.clone()))
    };
    let of = |class: &str| [(); 3].map(|()| Some(class.to_owned()));
    let mut guide = guide(Facts { storage_classes: Fact::Known(vec![class("plain", false, false), class("fast", false, true)]), ..facts() });
    guide.answer(about(Topic::Domain), "platform.test", Source::Asked).unwrap();
    assert_eq!(classes(&guide), of("fast"), "as suggested");
    guide.answer(about(Topic::Storage), "plain", Source::Asked).unwrap();
    assert_eq!(classes(&guide), of("plain"));
    for alerts in ["off", "nobody"] {
        guide.answer(about(Topic::Alerts), alerts, Source::Asked).unwrap();
    }
    assert_eq!(classes(&guide), of("plain"), "monitoring that was given up and taken again");
}

#[test]
fn the_size_is_small_where_there_is_room_for_it() {
    assert!(line(&answered(), Topic::Sizing).starts_with("small, for a team (detected: asks for "));
    let mut full = guide(Facts { nodes: Fact::Known(vec![node(500, 1)]), ..facts() });
    assert!(line(&full, Topic::Sizing).starts_with("tiny, for a look (detected: small asks for "), "{}", line(&full, Topic::Sizing));
    full.answer(about(Topic::Sizing), "production", Source::Asked).unwrap();
    full.answer(about(Topic::Domain), "platform.test", Source::Asked).unwrap();
    assert_eq!(line(&full, Topic::Sizing), "production, for a company (asked: )", "what a person said stands");
}

#[test]
fn what_is_not_yet_known_waits_or_goes_on_with_something_else() {
    let mut guide = answered();
    guide.leave_open(about(Topic::Database)).unwrap();
    assert!(guide.awaited().is_empty());
    assert_eq!(guide.answers().components.database.mode, airlock_model::answers::Mode::Off);
    guide.leave_open(about(Topic::Reach)).unwrap();
    let awaited: Vec<Topic> = guide.awaited().iter().map(|question| question.topic).collect();
    assert_eq!(awaited, [Topic::Reach]);
    let tickets = tickets(&guide, &[], &[]);
    let gates: Vec<&str> = tickets.iter().map(|ticket| ticket.gate.as_str()).collect();
    assert_eq!(gates, ["way in", "database"]);
    guide.leave_open(about(Topic::Certificate)).unwrap();
    let asked = super::tickets(&guide, &[], &[]).into_iter().find(|ticket| ticket.gate == "certificate").unwrap();
    assert!(asked.paste.contains("a request for platform.test and *.platform.test,"), "{}", asked.paste);
}

#[test]
fn whatever_is_asked_may_be_left_open_and_is_a_ticket_then() {
    let is_asked = |question: &&Question| question.number.is_some() && !matches!(answered().form(question), Form::Only(_));
    for question in questions().filter(is_asked) {
        let mut guide = answered();
        guide.leave_open(question).unwrap();
        let gates: Vec<String> = tickets(&guide, &[], &[]).into_iter().map(|ticket| ticket.gate).collect();
        assert_eq!(gates, [question.title], "{:?}", question.topic);
        assert!(line(&guide, question.topic).starts_with("not yet known"), "{:?}", question.topic);
    }
}

#[test]
fn records_that_are_missing_are_a_ticket_with_the_address_that_was_reserved() {
    let mut guide = answered();
    let hosts = [HostState { host: "registry.platform.test".into(), addresses: std::collections::BTreeSet::new() }];
    assert!(tickets(&guide, &[], &hosts)[0].paste.contains("IN A ADDRESS"));
    guide.answer(about(Topic::Address), "10.1.2.3", Source::Asked).unwrap();
    assert_eq!(tickets(&guide, &[], &hosts)[0].paste, "platform.test. 300 IN A 10.1.2.3\n*.platform.test. 300 IN A 10.1.2.3");
}

#[test]
fn the_file_says_where_each_answer_came_from_and_is_read_back_as_it_was() {
    let mut guide = answered();
    guide.answer(about(Topic::Reach), "10.0.0.0/8, 192.168.0.0/16", Source::Asked).unwrap();
    guide.answer(about(Topic::Labels), "team=yes", Source::Asked).unwrap();
    let text = guide.document("airlock-answers.yaml");
    insta::assert_snapshot!(text);
    let former = read(&text, &|_| Ok(())).unwrap();
    assert_eq!(&former.answers, guide.answers());
    let again = Guide::new(facts(), Some(former)).unwrap();
    assert_eq!(again.answers(), guide.answers());
    assert_eq!(line(&again, Topic::Reach), "10.0.0.0/8, 192.168.0.0/16 (kept: )");
}

#[test]
fn an_authority_and_a_mail_server_that_were_told_are_read_back_from_the_file() {
    let mut guide = answered();
    let authority =
        "acme https://acme.test/dir mail=ops@corp.test agreed update=10.0.0.53:53 key=airlock secret=file:/tsig reached=10.0.0.1/32:14000 reached=10.0.0.53/32:53 ca=file:/server.pem file:/root.pem";
    let mails = "mail mail.test:587 10.1.2.0/24 airlock@corp.test ops@corp.test airlock env:PASSWORD ca=file:/ca.pem";
    for (topic, said) in [(Topic::Certificate, authority), (Topic::Alerts, mails)] {
        guide.answer(about(topic), said, Source::Asked).unwrap();
    }
    let text = guide.document("a.yaml");
    assert!(text.contains(&format!("# certificate: {authority} (asked)\n")) && text.contains(&format!("# alerts: {mails} (asked)\n")), "{text}");
    let again = Guide::new(facts(), Some(read(&text, &|_| Ok(())).unwrap())).unwrap();
    assert_eq!(again.answers(), guide.answers());
    let suggested = |topic| again.suggestion(about(topic)).value.unwrap();
    assert_eq!((suggested(Topic::Certificate).as_str(), suggested(Topic::Alerts).as_str()), (authority, mails));
    for (topic, choice) in [(Topic::Certificate, "acme"), (Topic::Alerts, "mail")] {
        let form = again.form(about(topic));
        let Form::Choice(choices) = &form else { panic!("{form:?}") };
        assert_eq!(choices[form.place(&suggested(topic)).unwrap()].value, choice);
    }
}

#[test]
fn the_answers_of_an_installation_are_not_suggested_for_another_namespace() {
    let former = Former { answers: answered().answers().clone(), domain_known: true, source: Source::Installed };
    let mut guide = Guide::new(facts(), Some(former)).unwrap();
    assert_eq!(line(&guide, Topic::Domain), "platform.test (as installed: )");
    guide.answer(about(Topic::Database), "off", Source::Asked).unwrap();
    guide.answer(about(Topic::Namespaces), "airlock", Source::Asked).unwrap();
    assert_eq!(line(&guide, Topic::Domain), "platform.test (as installed: )", "the same namespace");
    guide.answer(about(Topic::Namespaces), "data", Source::Asked).unwrap();
    assert_eq!((guide.awaited().len(), guide.answers().namespaces.probes.as_str()), (1, "data-probes"));
    assert!(line(&guide, Topic::Reach).ends_with("(default: its address is internal; only networks that route to it come in)"));
    assert_eq!(guide.answers().components.database.mode, airlock_model::answers::Mode::Off, "what a person said stands");
}

#[test]
fn a_file_that_was_kept_before_the_domain_was_known_is_gone_on_from() {
    let mut guide = guide(facts());
    guide.answer(about(Topic::Namespaces), "data", Source::Asked).unwrap();
    let text = guide.document("a.yaml");
    assert!(!text.contains(PLACEHOLDER) && text.contains("# base domain: not yet known"), "{text}");
    let again = Guide::new(facts(), Some(read(&text, &|_| Ok(())).unwrap())).unwrap();
    assert_eq!(again.answers().namespaces.platform, "data");
    assert_eq!(again.awaited().len(), 1);
}

#[test]
fn the_trials_of_a_run_are_those_of_its_steps_and_its_profile() {
    let guide = answered();
    let trials = trials(guide.answers(), guide.facts()).unwrap();
    assert_eq!(trials.pools, ["default"]);
    assert!(trials.image.starts_with("registry.platform.test/"), "{}", trials.image);
    assert!(!trials.attempts.is_empty());
}
