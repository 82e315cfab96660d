//! Server-side apply on a real API server: what it makes, what it refuses, and in whose words.

use std::collections::BTreeMap;

use airlock_cluster::{ClusterError, SecretObject, Stop};
use airlock_model::{Object, ObjectRef, Right, Secret};
use serde_json::json;

use super::{Outcome, Place, client_pod};

#[tokio::test]
async fn a_second_apply_of_the_same_object_changes_nothing() -> Outcome {
    let place = Place::new("apply").await?;
    let object = place.config_map("a", "1")?;
    assert!(place.cluster.apply(&object).await?.created);
    let first = place.cluster.get(object.reference()).await?.ok_or("gone")?;
    assert!(!place.cluster.apply(&object).await?.created);
    let second = place.cluster.get(object.reference()).await?.ok_or("gone")?;
    assert_eq!(first.manifest["metadata"]["resourceVersion"], second.manifest["metadata"]["resourceVersion"]);
    // Of the book of who set what only our own page stays, by which a plan knows what it no longer names.
    let pages = second.manifest["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let whose: Vec<_> = pages.iter().map(|page| (page["manager"].as_str(), page["operation"].as_str())).collect();
    assert_eq!(whose, [(Some("airlock"), Some("Apply"))]);
    Ok(())
}

#[tokio::test]
async fn a_dry_run_stores_nothing_and_shows_what_would_be() -> Outcome {
    let place = Place::new("apply").await?;
    let object = place.object("v1", "Service", "a", &json!({"spec": {"ports": [{"port": 80, "protocol": "TCP"}]}}))?;
    let rehearsed = place.cluster.dry_run(&object).await?;
    assert_eq!(rehearsed.manifest["spec"]["type"], "ClusterIP");
    assert_eq!(place.cluster.get(object.reference()).await?, None);
    Ok(())
}

#[tokio::test]
async fn a_field_that_others_own_is_named_with_its_owner_and_left_alone() -> Outcome {
    let place = Place::new("apply").await?;
    place.namespace.kubectl(["create", "configmap", "a", "--from-literal=key=theirs", "--field-manager=gitops"])?;
    let refused = place.cluster.apply(&place.config_map("a", "ours")?).await;
    let Err(ClusterError::Conflict { fields, .. }) = refused else { return Err(format!("{refused:?}").into()) };
    assert_eq!(fields.iter().map(|(path, manager)| (path.as_str(), manager.raw())).collect::<Vec<_>>(), [(".data.key", "gitops")]);
    let live = place.cluster.get(&place.reference("v1", "ConfigMap", "a")).await?.ok_or("gone")?;
    assert_eq!(live.manifest["data"]["key"], "theirs");
    Ok(())
}

#[tokio::test]
async fn an_unknown_field_is_invalid_and_a_pod_against_the_policy_is_refused() -> Outcome {
    let place = Place::new("apply").await?;
    let wrong = place.object("apps/v1", "Deployment", "a", &json!({"spec": {"replicaz": 1}}))?;
    let refused = place.cluster.apply(&wrong).await;
    let Err(ClusterError::Invalid { causes, .. }) = refused else { return Err(format!("{refused:?}").into()) };
    assert!(causes.iter().any(|cause| cause.raw().contains("replicaz")), "{causes:?}");

    place.namespace.label("pod-security.kubernetes.io/enforce=restricted")?;
    let mut spec = client_pod(&["sleep"]);
    spec["hostNetwork"] = true.into();
    let refused = place.cluster.dry_run(&place.object("v1", "Pod", "a", &json!({"spec": spec}))?).await;
    let Err(ClusterError::Refused { message, .. }) = refused else { return Err(format!("{refused:?}").into()) };
    assert!(message.raw().contains("violates PodSecurity"), "{message}");
    Ok(())
}

#[tokio::test]
async fn many_objects_are_applied_in_phases_and_listed_as_they_are_read() -> Outcome {
    let place = Place::new("apply").await?;
    let mut objects: Vec<Object> = (0..20).map(|number| place.config_map(&format!("c{number}"), "1")).collect::<Result<_, _>>()?;
    // An ingress of a class that nobody serves: no controller writes into it between the two readings below.
    objects.insert(0, place.object("networking.k8s.io/v1", "Ingress", "s", &json!({"spec": {"ingressClassName": "none", "defaultBackend": {"service": {"name": "none", "port": {"number": 80}}}}}))?);
    let mut order = Vec::new();
    place.cluster.apply_all(&objects, &Stop::never(), |object, applied| order.push((object.kind.clone(), applied.created))).await?;
    assert_eq!(order.len(), 21);
    assert_eq!(order.last(), Some(&("Ingress".to_owned(), true)), "it was first in the list and belongs to a later phase");

    let refs: Vec<ObjectRef> = objects.iter().map(|object| object.reference().clone()).collect();
    let (mut listed, mut read) = (place.cluster.live_by_listing(&refs).await?, place.cluster.get_all(&refs).await?);
    listed.sort_by(|a, b| a.object.cmp(&b.object));
    read.sort_by(|a, b| a.object.cmp(&b.object));
    assert_eq!(listed, read);

    let (signal, stop) = Stop::pair();
    signal.raise();
    let stopped = place.cluster.apply_all(&objects, &stop, |_, _| {}).await;
    assert!(matches!(stopped, Err(ClusterError::Stopped)));
    Ok(())
}

#[tokio::test]
async fn a_secret_comes_back_as_it_was_written_and_is_blotted_out_elsewhere() -> Outcome {
    let place = Place::new("apply").await?;
    let secret = SecretObject {
        namespace: place.name().to_owned(),
        name: "s".into(),
        secret_type: "Opaque".into(),
        labels: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
        annotations: BTreeMap::new(),
        data: BTreeMap::from([("value".to_owned(), Secret::new(b"hunter2".to_vec()))]),
    };
    assert!(place.cluster.create_secret(&secret).await?, "it did not exist");
    assert!(!place.cluster.create_secret(&secret).await?, "it exists by now");
    assert!(!place.cluster.apply_secret(&secret).await?.created);
    let read = place.cluster.secret(place.name(), "s").await?.ok_or("gone")?;
    assert!(read.data["value"].expose() == b"hunter2" && read.labels["a"] == "b" && read.secret_type == "Opaque");
    let live = place.cluster.get(&secret.reference()).await?.ok_or("gone")?;
    assert_eq!(live.manifest["data"], json!({"value": null}));
    assert!(place.cluster.secret(place.name(), "none").await?.is_none());
    Ok(())
}

#[tokio::test]
async fn what_is_deleted_is_gone_and_what_was_never_there_is_no_error() -> Outcome {
    let place = Place::new("apply").await?;
    let object = place.config_map("a", "1")?;
    assert!(place.cluster.create(&object).await?);
    assert!(!place.cluster.create(&object).await?);
    assert!(place.cluster.delete(object.reference()).await?);
    place.cluster.wait_gone(&[object.reference().clone()], &airlock_cluster::WaitOptions::default(), |_, _| {}).await?;
    assert!(!place.cluster.delete(object.reference()).await?);
    assert_eq!(place.cluster.get(&ObjectRef::cluster("none.example.com/v1", "Nothing", "x")).await?, None);
    let unknown = place.cluster.list("none.example.com/v1", "Nothing", None, None).await;
    assert!(matches!(unknown, Err(ClusterError::KindUnknown { .. })), "{unknown:?}");
    Ok(())
}

#[tokio::test]
async fn rights_are_answered_one_by_one() -> Outcome {
    let place = Place::new("apply").await?;
    let user = format!("{}-guest", place.name());
    place.namespace.kubectl(["create", "role", "reader", "--verb=get", "--resource=pods/log"])?;
    place.namespace.kubectl(["create", "rolebinding", "reader", "--role=reader", &format!("--user={user}")])?;
    let kubeconfig = super::through_relay(&place.bed, &place.bed.user(&user, &[])?)?;
    let guest = super::connect(kubeconfig.path().to_owned(), None).await?;
    let right = |resource: &str, namespace: Option<&str>| Right { group: String::new(), resource: resource.into(), verb: "get".into(), namespace: namespace.map(str::to_owned) };
    let rights = [right("pods/log", Some(place.name())), right("pods", Some(place.name())), right("pods/log", None)];
    let answers: Vec<_> = guest.may(&rights).await.into_iter().map(|(_, answer)| answer).collect();
    assert_eq!(answers, [Ok(true), Ok(false), Ok(false)]);
    Ok(())
}

/// Roles and their bindings at once, by somebody who may give just what she has: the API server holds each binding against a
/// role that it has to know by then.
#[tokio::test]
async fn a_role_and_its_binding_are_made_together_by_who_is_no_administrator() -> Outcome {
    let place = Place::new("apply").await?;
    let user = format!("{}-giver", place.name());
    let rights = json!([
        { "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"], "verbs": ["create", "get", "patch"] },
        { "apiGroups": [""], "resources": ["pods"], "verbs": ["get"] },
    ]);
    place.cluster.apply(&place.object("rbac.authorization.k8s.io/v1", "Role", "giver", &json!({ "rules": rights }))?).await?;
    place.namespace.kubectl(["create", "rolebinding", "giver", "--role=giver", &format!("--user={user}")])?;
    let kubeconfig = super::through_relay(&place.bed, &place.bed.user(&user, &[])?)?;
    let giver = super::connect(kubeconfig.path().to_owned(), None).await?;
    let mut objects = Vec::new();
    for number in 0..20 {
        let name = format!("pair-{number}");
        let role = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name });
        objects.push(place.object(
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            &name,
            &json!({ "roleRef": role, "subjects": [{ "kind": "ServiceAccount", "name": "default", "namespace": place.name() }] }),
        )?);
        objects.push(place.object("rbac.authorization.k8s.io/v1", "Role", &name, &json!({ "rules": [{ "apiGroups": [""], "resources": ["pods"], "verbs": ["get"] }] }))?);
    }
    let mut made = 0;
    giver.apply_all(&objects, &Stop::pair().1, |_, applied| made += usize::from(applied.created)).await?;
    assert_eq!(made, objects.len());
    let absent =
        place.object("rbac.authorization.k8s.io/v1", "RoleBinding", "absent", &json!({ "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "absent" }, "subjects": [] }))?;
    let refused = giver.apply(&absent).await;
    assert!(matches!(&refused, Err(ClusterError::NotFound { .. })), "a role that is never made: {refused:?}");
    Ok(())
}
