//! Whole runs on clusters that are unlike the shared one, and those that change it for everybody. They share a second bed, which is
//! started again for each kind of cluster, so they are scenes of one test, and the bed is gone at the end.
//! A scene leaves its site to the next start of the bed, which is quicker than an orderly removal.

use airlock_bed::{Bed, Options};

use crate::scenes;

mod crowded;
mod edge_address;
mod furnished;
mod hopeless;
mod imageless;
mod issuer;
mod kinds;
mod pending;
mod plain_storage;
mod policy_off;
mod prometheus_operator;
mod split_dns;

/// One run, and the cluster that it is made for.
struct Scene {
    name: &'static str,
    cluster: Options,
    play: fn(&Bed),
}

/// A network that no other bed of the tests has.
const USUAL: Options = Options { nodes: 1, policy: true, load_balancer: true, split_dns: false, network: Some("10.91") };

static SCENES: [Scene; 11] = [
    Scene { name: "policies that nobody enforces", cluster: Options { policy: false, ..USUAL }, play: policy_off::exactly_the_enforcement_check_fails_and_without_its_control_it_is_unverified },
    Scene {
        name: "a load balancer that stays pending",
        cluster: Options { load_balancer: false, split_dns: true, ..USUAL },
        play: pending::the_wait_for_an_address_ends_and_the_same_command_goes_on_when_there_is_one,
    },
    Scene { name: "pods that cannot resolve the base domain", cluster: Options { split_dns: true, ..USUAL }, play: split_dns::the_platform_installs_and_complies },
    Scene { name: "an address known beforehand", cluster: Options { split_dns: true, ..USUAL }, play: edge_address::records_that_are_already_right_are_not_waited_for },
    Scene { name: "an image that its registry does not have", cluster: Options { split_dns: true, ..USUAL }, play: imageless::it_is_known_before_the_first_write },
    Scene { name: "a storage class that never binds", cluster: Options { split_dns: true, ..USUAL }, play: hopeless::a_claim_that_stays_pending_is_named },
    Scene { name: "a program that crashes", cluster: Options { split_dns: true, ..USUAL }, play: hopeless::a_crash_loop_ends_the_wait_with_the_last_words_of_the_program },
    Scene { name: "a Prometheus Operator", cluster: Options { split_dns: true, ..USUAL }, play: prometheus_operator::the_companys_prometheus_is_told_of_the_platform },
    Scene { name: "Secrets that are stored as they are", cluster: Options { split_dns: true, ..USUAL }, play: plain_storage::secrets_that_are_not_encrypted_are_told },
    Scene { name: "a namespace of 20,000 objects", cluster: Options { split_dns: true, ..USUAL }, play: crowded::twenty_thousand_objects_change_no_verdict },
    Scene { name: "cert-manager", cluster: Options { split_dns: true, ..USUAL }, play: issuer::the_certificate_is_issued_and_renewed_by_it },
];

#[test]
fn airlock_meets_other_kinds_of_cluster() {
    let _turn = crate::turn();
    let bed = Bed::from_environment().beside("other-clusters").expect("a second bed");
    bed.clean().expect("what an earlier run left is removed");
    let played = |scene: &'static Scene| -> scenes::Scene<'_> {
        let bed = &bed;
        let play = move || {
            bed.up(&scene.cluster).expect("the bed starts");
            (scene.play)(bed);
        };
        (scene.name, Box::new(play))
    };
    let failed = scenes::play(SCENES.iter().map(played).collect());
    bed.clean().expect("the bed stops");
    assert!(failed.is_empty(), "these scenes failed:\n{}", failed.join("\n"));
}
