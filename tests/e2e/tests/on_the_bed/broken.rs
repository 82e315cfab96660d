//! Properties that a compliance check stands for, each broken for real on a platform with two Airflow deployments and put back: exactly the
//! checks that stand for it tell of it, and what lost its control is unverified. The walls between deployments are opened in `make test`
//! (`walls`).

use airlock_e2e::Site;

use crate::airflow::apart;
use crate::{scenes, walls};

mod accounts;
mod controls;
mod cookies;
mod database;
mod door;
mod edge_settings;
mod impostors;
mod inside;
mod kubelet;
mod leaving;
mod namespace;
mod node_files;
mod nodes;
mod open_ports;
mod provenance;
mod public_api;
mod scans;
mod served;
mod sessions;
mod shown;
mod static_pods;
mod stranger;
mod trust;

/// Breaks something, looks what is told, and puts it back.
type Break = fn(&Site);

#[test]
fn what_is_broken_is_told() {
    let site = Site::shared("broken");
    site.installed(&site.whole_answers(""));
    let _turn = crate::airflow();
    for name in ["alpha", "beta"] {
        site.run(&["deployment", "create", name, "--example-dag", "--namespace", &site.name, "--yes"]).expect(0);
    }
    walls::something_is_kept(&site);
    let report = walls::check(&site, &[]).expect(0).json();
    assert_eq!(walls::verdicts(&report), walls::verdicts_of_baseline(), "nothing is broken: {report}");
    let parts: [(&'static str, Break); 28] = [
        ("a database server that lets in whom it must not", database::the_database_server_is_opened),
        ("attempts at databases without the right password", database::nothing_is_vouched_for_without_the_control),
        ("a door to the API without a lock", door::a_door_to_the_api_without_a_lock_is_told),
        ("a namespace that nothing closes", namespace::one_that_nothing_closes_is_told),
        ("a quota that refuses before admission does", namespace::a_refusal_of_a_quota_is_none_of_admission),
        ("a way from tasks to the nodes, and what was changed", nodes::a_way_to_the_nodes_and_what_was_changed_are_told),
        ("a kubelet that answers whoever asks", kubelet::that_answers_strangers_is_told),
        ("a control plane in static pods", static_pods::that_are_mirrored_are_judged_as_their_files_are),
        ("the settings of kube-proxy", static_pods::kube_proxy_is_judged_by_its_settings),
        ("files of nodes, by kube-bench itself", node_files::count_as_kube_bench_reports_them),
        ("a right that nobody declared", accounts::a_right_that_nobody_declared_is_told),
        ("images that nobody vouched for", provenance::images_that_nobody_vouched_for),
        ("images with faults that a scanner knows", scans::what_a_scanner_says_counts),
        ("an address outside that nobody declared", leaving::by_an_address_that_nobody_declared_is_told),
        ("a port that nobody declared", open_ports::that_nobody_declared_are_told),
        ("TLS, logins, and certificates that are served otherwise", served::what_is_served_otherwise_fails_by_name),
        ("something else at the address of a host, with another certificate", impostors::with_another_certificate_are_told_by_what_is_wrong),
        ("something else at the address of a host, without TLS", impostors::without_tls_are_told),
        ("the edge's settings, one by one", edge_settings::each_is_told_by_its_own_check),
        ("cookies that scripts read, and that other hosts are sent", cookies::that_scripts_read_or_other_hosts_are_sent_are_told),
        ("an Airflow that shows its configuration", shown::to_whoever_asks_is_told),
        ("an API server at a public address", public_api::is_told_by_its_address),
        ("pages of one deployment that write at another", apart::a_page_of_one_writes_nothing_at_the_other),
        ("an edge that lets pages of one deployment read another", edge_settings::that_open_one_deployment_to_pages_of_another_are_seen_in_a_browser),
        ("an edge led to a server with a certificate of strangers", stranger::at_beta_the_edge_turns_away_and_it_is_told),
        ("controls that are gone", controls::that_are_gone_leave_nothing_proved),
        ("trust that is taken away", trust::that_is_taken_away_is_told),
        // The last: what beta's settings are like is not put back.
        ("sessions that never end, and accounts that strangers make", sessions::that_never_end_and_accounts_that_strangers_make_are_told),
    ];
    let site = &site;
    let broken = |(name, play): (&'static str, Break)| -> scenes::Scene<'_> { (name, Box::new(move || play(site))) };
    let failed = scenes::play(parts.into_iter().map(broken).collect());
    assert!(failed.is_empty(), "these scenes failed:\n{}", failed.join("\n"));
    for name in ["beta", "alpha"] {
        site.run(&["deployment", "delete", name, "--namespace", &site.name, "--yes"]).expect(0);
    }
}
