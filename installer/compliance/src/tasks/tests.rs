use std::collections::{BTreeMap, BTreeSet};

use airlock_model::Verdict::{self, Fail, NotApplicable, Pass, Unverified, Warn};
use airlock_model::{Credentials, CredentialsForm, Profile, Reason, WorldDatabase, WorldNode, WorldService};
use jiff::Timestamp;

use super::*;
use crate::cluster_nodes::MOST;
use crate::kubelets;
use crate::profile::unprofiled;

const NODES: [&str; 7] = ["169.254.169.254.80", "10.0.0.1.10250", "10.0.0.1.10255", "10.0.0.1.2379", "10.0.0.2.10250", "10.0.0.2.10255", "10.0.0.2.2379"];
const SERVICES: [&str; 3] = ["database.5432", "edge.443", "edge.80"];

const PLACES: [&str; 3] = ["dag-processor", "task", "triggerer"];

/// What is tried from there: the database is no secret to those that keep their tables in it.
fn services_from(place: &str) -> impl Iterator<Item = &'static str> {
    SERVICES.into_iter().filter(move |at| place == "task" || *at != "database.5432")
}

/// Those that look from the place of a task, and the one that stands beside them.
fn all() -> impl Iterator<Item = &'static dyn Check> {
    checks().chain([kubelets::CHECK])
}

fn world() -> World {
    let credentials = |form| Credentials { username: "u".into(), password: None, form };
    let alpha = WorldDeployment { name: "alpha".into(), namespace: "airlock-alpha".into(), host: "a".into(), login: credentials(CredentialsForm::Json), role: credentials(CredentialsForm::Basic) };
    let node = |name: &str, address: &str| WorldNode { name: name.into(), addresses: vec![address.into()], ..WorldNode::default() };
    let service = |name: &str, ports: &[u16]| WorldService { name: name.into(), ports: ports.into() };
    World {
        base_domain: "platform.test".into(),
        platform: "airlock".into(),
        probes: "airlock-probes".into(),
        deployments: vec![alpha],
        database: Some(WorldDatabase { host: "database.airlock.svc".into(), port: 5432, authority: None, certificate: Err("it was not read".into()), existing: false }),
        nodes: Some(Ok(vec![node("node1", "10.0.0.1"), node("node2", "10.0.0.2")])),
        services: Some(Ok(vec![service("database", &[5432]), service("edge", &[443, 80]), service("elsewhere", &[])])),
        ..World::default()
    }
}

const fn answered(status: u16) -> AttemptResult {
    AttemptResult::Answered { status, challenge: None, location: None, transport_security: None, allowed_origin: None }
}

fn good() -> Snapshot {
    let mut results: Vec<(String, AttemptResult)> = ["policy.allowed", "policy.blocked.own", "policy.confined.own"].map(|id| (id.to_owned(), AttemptResult::Connected)).into();
    results.extend([("policy.blocked".to_owned(), AttemptResult::TimedOut), ("policy.confined".to_owned(), AttemptResult::Refused)]);
    results.push(("task.alpha.echo.http://192.0.2.9/".into(), AttemptResult::SeenFrom([192, 0, 2, 7].into())));
    for place in PLACES {
        results.push((format!("{place}.alpha.own"), AttemptResult::Connected));
        results.push((format!("{place}.alpha.outside.192.0.2.1.53"), AttemptResult::TimedOut));
        results.extend(NODES.into_iter().chain(services_from(place)).map(|at| (format!("{place}.alpha.{at}"), AttemptResult::TimedOut)));
    }
    for (node, address) in [("node1", "10.0.0.1"), ("node2", "10.0.0.2")] {
        results.extend([(format!("kubelet.own.{node}"), answered(200)), (format!("kubelet.stranger.{address}"), answered(401)), (format!("kubelet.read-only.{address}"), AttemptResult::Refused)]);
    }
    let outcome = |(id, result): (String, AttemptResult)| {
        let id = AttemptId(id);
        (id.clone(), Outcome { attempt: id, result, source: None, destination: None, started: Timestamp::UNIX_EPOCH, took_millis: 1 })
    };
    Snapshot { world: world(), outcomes: results.into_iter().map(outcome).collect(), ..Snapshot::default() }
}

/// A profile that names a host outside, and a page that tells the address.
fn naming(host: &str) -> Profile {
    let mut profile = unprofiled();
    profile.parameters.extend([(outside::HOSTS, host), (leaving::ECHO, "http://192.0.2.9/"), (leaving::ADDRESSES, "192.0.2.7")].map(|(name, value)| (name.to_owned(), [value].into_iter().collect())));
    profile
}

fn findings(id: &str, given: &Snapshot) -> Vec<Finding> {
    all().find(|check| check.spec().id == id).unwrap().evaluate(&naming("192.0.2.1:53"), given)
}

fn verdicts(id: &str, given: &Snapshot) -> BTreeSet<Verdict> {
    findings(id, given).iter().map(|finding| finding.verdict).collect()
}

/// What the three say besides pass, in the order of their ids, where these attempts came out otherwise.
fn with(changed: &[(&str, AttemptResult)]) -> [Vec<Verdict>; 3] {
    let mut given = good();
    for (id, result) in changed {
        given.outcomes.get_mut(&AttemptId::from(*id)).unwrap_or_else(|| panic!("{id}")).result = result.clone();
    }
    ["AUT-008", "NET-012", "NET-013"].map(|id| verdicts(id, &given).into_iter().filter(|verdict| *verdict != Pass).collect())
}

#[test]
fn where_every_way_is_blocked_all_pass_and_the_attempts_are_those_that_were_asked_for() {
    let given = good();
    for (id, count) in [("AUT-008", 4), ("NET-012", 2), ("NET-013", 4), ("NET-018", 1), ("NET-020", 1)] {
        assert_eq!((verdicts(id, &given), findings(id, &given).len()), ([Pass].into(), count), "{id}");
    }
    let needs: Vec<Need> = all().flat_map(|check| check.needs(&naming("192.0.2.1:53"), &world())).collect();
    let asked: BTreeMap<AttemptId, _> = needs.into_iter().filter_map(|need| if let Need::Attempt(attempt) = need { Some((attempt.id.clone(), attempt)) } else { None }).collect();
    assert_eq!(asked.keys().collect::<Vec<_>>(), given.outcomes.keys().collect::<Vec<_>>());
    for (id, attempt) in &asked {
        let is_control = ["policy.allowed", "policy.blocked.own", "policy.confined.own"].contains(&id.0.as_str()) || id.0.ends_with(".alpha.own") || id.0.starts_with("kubelet.own.");
        assert_eq!(attempt.control.is_none(), is_control, "{id}");
        assert!(attempt.control.iter().all(|control| asked.contains_key(control)), "{id}");
    }
}

#[test]
fn a_way_that_is_open_fails_whatever_became_of_its_control() {
    for place in PLACES {
        for at in NODES {
            let id = format!("{place}.alpha.{at}");
            assert_eq!(with(&[(&id, AttemptResult::Connected)]), [vec![], vec![], vec![Fail]], "{id}");
            assert_eq!(with(&[(&id, AttemptResult::Connected), ("policy.blocked", AttemptResult::Connected)]), [vec![], vec![Unverified], vec![Unverified, Fail]], "{id}");
        }
        for at in services_from(place) {
            let id = format!("{place}.alpha.{at}");
            assert_eq!(with(&[(&id, AttemptResult::Connected)]), [vec![], vec![Fail], vec![]], "{id}");
        }
    }
    let failed = |id: &str, at: &str| {
        let mut given = good();
        given.outcomes.get_mut(&AttemptId(format!("triggerer.alpha.{at}"))).unwrap().result = AttemptResult::Connected;
        let failed = findings(id, &given).into_iter().find(|finding| finding.verdict == Fail).unwrap();
        format!("{}: {}", failed.subject.name.raw(), failed.observed.raw())
    };
    assert_eq!(failed("NET-013", "10.0.0.2.10250"), "from code of alpha to kubelets: the triggerer, 10.0.0.2, port 10250: connected");
    assert_eq!(failed("NET-012", "edge.80"), "from code of alpha to edge: the triggerer, port 80: connected");
}

#[test]
fn what_is_blocked_without_a_control_is_unverified() {
    for changed in [
        ("task.alpha.own", AttemptResult::TimedOut),
        ("dag-processor.alpha.own", AttemptResult::TimedOut),
        ("triggerer.alpha.own", AttemptResult::Refused),
        ("policy.allowed", AttemptResult::TimedOut),
        ("policy.blocked.own", AttemptResult::TimedOut),
        ("policy.blocked", AttemptResult::Connected),
    ] {
        assert_eq!(with(std::slice::from_ref(&changed)), [vec![], vec![Unverified], vec![Unverified]], "{changed:?}");
    }
    assert_eq!(with(&[("task.alpha.10.0.0.1.2379", AttemptResult::NotCarriedOut("no pod".to_owned().into()))]), [vec![], vec![], vec![Unverified]]);
    assert_eq!(with(&[("task.alpha.169.254.169.254.80", AttemptResult::NoSuchName)]), [vec![], vec![], vec![Unverified]]);
    assert_eq!(with(&[("task.alpha.database.5432", AttemptResult::NoSuchName)]), [vec![], vec![Unverified], vec![]]);
}

#[test]
fn a_kubelet_that_answers_a_stranger_fails() {
    let told = |changed: &[(&str, AttemptResult)]| with(changed)[0].clone();
    assert_eq!(told(&[("kubelet.stranger.10.0.0.1", answered(200))]), [Fail]);
    assert_eq!(told(&[("kubelet.stranger.10.0.0.1", answered(200)), ("kubelet.own.node1", answered(503))]), [Fail]);
    for status in [200, 404] {
        assert_eq!(told(&[("kubelet.read-only.10.0.0.2", answered(status))]), [Fail], "whoever answers there");
    }
    assert_eq!(told(&[("kubelet.stranger.10.0.0.1", answered(403))]), []);
}

/// A read-only port that is open says nothing of requests at the other one.
#[test]
fn what_is_found_at_a_port_of_a_kubelet_is_about_the_numbers_of_that_port() {
    for (changed, numbers) in [("kubelet.read-only.10.0.0.2", ["4.2.4"].as_slice()), ("kubelet.stranger.10.0.0.1", &["4.2.1", "4.2.2"])] {
        let mut given = good();
        given.outcomes.get_mut(&AttemptId::from(changed)).unwrap().result = answered(200);
        let failed: Vec<Vec<String>> = findings("AUT-008", &given).into_iter().filter(|finding| finding.verdict == Fail).map(|finding| finding.numbers).collect();
        assert_eq!(failed, [numbers]);
    }
}

#[test]
fn what_a_firewall_swallows_on_the_way_to_a_kubelet_is_unverified() {
    for changed in [
        ("kubelet.stranger.10.0.0.1", AttemptResult::TimedOut),
        ("kubelet.stranger.10.0.0.1", answered(404)),
        ("kubelet.own.node1", answered(403)),
        ("kubelet.own.node1", AttemptResult::NotCarriedOut("no answer".to_owned().into())),
        ("kubelet.read-only.10.0.0.1", AttemptResult::TimedOut),
    ] {
        assert_eq!(with(std::slice::from_ref(&changed)), [vec![Unverified], vec![], vec![]], "{changed:?}");
    }
}

#[test]
fn taking_an_outcome_away_is_unverified() {
    for id in good().outcomes.into_keys() {
        let mut given = good();
        given.outcomes.remove(&id);
        let open: BTreeSet<Verdict> = all().flat_map(|check| verdicts(check.spec().id, &given)).collect();
        assert_eq!(open, [Pass, Unverified].into(), "{id}");
    }
}

#[test]
fn an_open_way_fails_also_where_another_was_not_tried_and_without_a_database_the_rest_is_unverified() {
    let mut given = good();
    given.outcomes.get_mut(&AttemptId("triggerer.alpha.edge.80".to_owned())).unwrap().result = AttemptResult::Connected;
    given.outcomes.remove(&AttemptId("task.alpha.edge.80".to_owned()));
    assert_eq!(verdicts("NET-012", &given), [Pass, Fail].into());
    let mut given = good();
    given.world.database = None;
    for place in ["dag-processor", "triggerer"] {
        given.outcomes.remove(&AttemptId(format!("{place}.alpha.own")));
    }
    assert_eq!(verdicts("NET-013", &given), [Unverified].into());
    assert_eq!(verdicts("NET-012", &given), [Unverified].into());
}

#[test]
fn nodes_that_were_not_read_are_unverified_and_the_metadata_address_is_tried_all_the_same() {
    let unaddressed = WorldNode { name: "node3".into(), addresses: Vec::new(), ..WorldNode::default() };
    for nodes in [None, Some(Err("missing right: list nodes in the cluster".to_owned())), Some(Ok(Vec::new())), Some(Ok(vec![unaddressed]))] {
        let mut given = good();
        given.world.nodes = nodes;
        let said: BTreeMap<String, Verdict> = findings("NET-013", &given).into_iter().map(|finding| (finding.subject.name.raw().to_owned(), finding.verdict)).collect();
        assert_eq!(said.iter().filter(|(_, verdict)| **verdict == Pass).map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["from code of alpha to the metadata address"]);
        assert_eq!(said.values().filter(|verdict| **verdict == Unverified).count(), 3);
        assert_eq!(verdicts("AUT-008", &given), [Unverified].into());
    }
}

#[test]
fn services_that_were_not_read_are_unverified_and_a_name_alone_is_none_that_is_tried() {
    let elsewhere = WorldService { name: "elsewhere".into(), ports: Vec::new() };
    for services in [None, Some(Err("missing right: list services in namespace airlock".to_owned())), Some(Ok(Vec::new())), Some(Ok(vec![elsewhere]))] {
        let mut given = good();
        given.world.services = services;
        assert_eq!(verdicts("NET-012", &given), [Unverified].into());
    }
}

#[test]
fn without_a_deployment_there_is_no_task_and_of_nothing_nothing_is_claimed() {
    let mut given = good();
    given.world.deployments.clear();
    for check in checks() {
        let id = check.spec().id;
        let [finding] = &findings(id, &given)[..] else { panic!("one finding") };
        assert_eq!((finding.verdict, finding.reason), (NotApplicable, Some(Reason::NoSubject)), "{id}");
        assert_eq!(verdicts(id, &Snapshot::default()), [Unverified].into(), "{id}");
    }
    assert_eq!(verdicts("AUT-008", &Snapshot::default()), [Unverified].into());
}

#[test]
fn of_many_nodes_the_first_are_tried_and_the_rest_is_told() {
    let mut given = good();
    given.world.nodes = Some(Ok((0..=MOST).map(|number| WorldNode { name: format!("node{number:03}"), addresses: vec![format!("10.1.0.{number}")], ..WorldNode::default() }).collect()));
    for (id, count) in [("AUT-008", 3 * MOST), ("NET-013", 5 + PLACES.len() * (1 + 1 + 3 * MOST))] {
        let warned: Vec<String> = findings(id, &given).into_iter().filter(|finding| finding.verdict == Warn).map(|finding| finding.observed.raw().to_owned()).collect();
        assert_eq!(warned, ["1 of 33 nodes were not tried: the first 32 were, by name"], "{id}");
        let check = all().find(|check| check.spec().id == id).unwrap();
        assert_eq!(check.needs(&unprofiled(), &given.world).into_iter().filter(|need| matches!(need, Need::Attempt(_))).count(), count, "{id}");
    }
}

#[test]
fn what_leaves_is_held_against_the_declared_addresses_where_a_page_is_named() {
    let check = all().find(|check| check.spec().id == "NET-018").unwrap();
    let page = "https://echo.example.com/ip?plain";
    let set = |pages: &[&str], addresses: &[&str]| {
        let mut profile = unprofiled();
        profile.parameters.extend([(leaving::ECHO, pages), (leaving::ADDRESSES, addresses)].map(|(name, values)| (name.to_owned(), values.iter().copied().collect())));
        profile
    };
    let judged = |profile: &Profile, result: AttemptResult| {
        let mut given = good();
        let outcomes = check.needs(profile, &world()).into_iter().filter_map(|need| if let Need::Attempt(attempt) = need { Some(attempt.id) } else { None });
        given.outcomes.extend(outcomes.map(|id| (id.clone(), Outcome { attempt: id, result: result.clone(), source: None, destination: None, started: Timestamp::UNIX_EPOCH, took_millis: 1 })));
        check.evaluate(profile, &given).into_iter().map(|finding| finding.verdict).collect::<Vec<_>>()
    };
    let seen = |address: &str| AttemptResult::SeenFrom(address.parse().unwrap());
    for (declared, from, verdict) in
        [("192.0.2.7", "192.0.2.7", Pass), ("192.0.2.0/29", "192.0.2.7", Pass), ("192.0.2.0/29", "192.0.2.8", Fail), ("2001:db8::/64", "2001:db8::1", Pass), ("192.0.2.7", "2001:db8::1", Fail)]
    {
        assert_eq!(judged(&set(&[page], &[declared]), seen(from)), [verdict], "{from} by {declared}");
    }
    for result in [AttemptResult::TimedOut, answered(404), AttemptResult::Untrusted { reason: "unknown issuer".to_owned().into(), presented: None }] {
        assert_eq!(judged(&set(&[page], &["192.0.2.7"]), result), [Unverified]);
    }
    for (pages, addresses) in [(page, ""), (page, "192.0.2"), ("echo.example.com", "192.0.2.7"), ("ftp://echo.example.com/", "192.0.2.7")] {
        let addresses: Vec<&str> = [addresses].into_iter().filter(|address| !address.is_empty()).collect();
        assert_eq!(judged(&set(&[pages], &addresses), seen("192.0.2.7")), [Unverified], "{pages} {addresses:?}");
    }
    assert_eq!(judged(&unprofiled(), seen("192.0.2.7")), [NotApplicable]);
    let Need::Attempt(attempt) = check.needs(&set(&[page], &["192.0.2.7"]), &world()).remove(1) else { panic!() };
    assert_eq!(
        (attempt.target.address(), &attempt.action),
        (Some(("echo.example.com", 443)), &airlock_model::AttemptAction::AskOwnAddress { path: "/ip?plain".into(), host: "echo.example.com".into(), trust: Some(airlock_model::Trust::System) })
    );
}

#[test]
fn a_host_outside_is_tried_where_the_profile_names_it() {
    let check = all().find(|check| check.spec().id == "NET-020").unwrap();
    let judged = |result: AttemptResult| {
        let mut given = good();
        given.outcomes.get_mut(&AttemptId::from("task.alpha.outside.192.0.2.1.53")).unwrap().result = result;
        verdicts("NET-020", &given)
    };
    assert_eq!(judged(AttemptResult::Connected), [Fail].into());
    assert_eq!(judged(AttemptResult::NoSuchName), [Unverified].into(), "a name that is not found hides nobody's address");
    assert_eq!(check.evaluate(&unprofiled(), &good())[0].verdict, NotApplicable);
    assert!(check.needs(&unprofiled(), &world()).is_empty());
    assert_eq!(check.evaluate(&naming("192.0.2.1"), &good())[0].verdict, Unverified, "without a port");
}
