//! DBS-009: the database of an Airflow deployment holds no card numbers, and no personal or payment data but what was agreed on.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, Subject, World, WorldDeployment};

use super::{database, deployments};
use crate::attempts::{Inquiry, Inventory, outcome, words};
use crate::described::Described;
use crate::parameter;

/// The parameter with what was agreed on.
pub(crate) const AGREED: &str = "DBS-009.columns";

/// Where Airflow keeps who may log in, and who asked to (Flask App Builder, `security/sqla/models.py`), in whichever schema.
const AIRFLOWS_OWN: [&str; 6] = ["ab_user.first_name", "ab_user.last_name", "ab_user.email", "ab_register_user.first_name", "ab_register_user.last_name", "ab_register_user.email"];

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "DBS-009",
        title: "databases hold no personal or payment data but what was agreed on",
        severity: Severity::High,
        promises: &["P8", "P11"],
        explanation: "In the namespace of each Airflow deployment a pod with Airlock's own image logs in to the deployment's database and lets the server look for card numbers (ISO/IEC 7812-1, with their check digit) in the first thousand rows of each table, and for columns that are named as data of payments and persons are. Counts and names of columns leave the server, no value does. Airflow's own columns of its users, and those in DBS-009.columns, are agreed on; of those, one where nothing of the kind was found in any deployment's database is a warning. Where a table cannot be read by the deployment's role, or the server cannot look (it needs libxml), the check is unverified. A sample without card numbers is no proof that there are none further on.",
        remedy: "Data that DAGs work on belongs in a database of its own, reached by a connection; of what tasks hand on (XCom) and write down a reference will do. What is agreed on is named: `--set DBS-009.columns=SCHEMA.TABLE.COLUMN`.",
    },
    expected: "no card number in the rows looked at, and no column of payments or persons but those agreed on",
    why: "who may read Airflow's database, or a copy of it, reads data of people that nobody looks for there",
};

/// The check.
pub(crate) struct SensitiveData;

impl Check for SensitiveData {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        deployments::needs(world, |deployment| Inquiry::Sensitive.attempt(world, deployment))
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let agreed = parameter::texts(profile, AGREED);
        let of_deployments = deployments::findings(&TEXTS, given, |deployment| [judge(&agreed, given, deployment)]);
        of_deployments.into_iter().chain(nowhere(&agreed, given)).collect()
    }
}

fn inventory(result: &AttemptResult) -> Option<Inventory> {
    if let AttemptResult::Told(Some(told)) = result { Inventory::read(told.raw()) } else { None }
}

/// What was agreed on and is in none of the databases, when each of them was looked through: a list that says more than there is.
fn nowhere(agreed: &[&str], given: &Snapshot) -> Option<Finding> {
    let inventories: Vec<Inventory> = given.world.deployments.iter().map(|of| outcome(given, &Inquiry::Sensitive.id(of)).ok().and_then(|asked| inventory(&asked.result))).collect::<Option<_>>()?;
    if inventories.is_empty() || inventories.iter().any(|inventory| inventory.unread > 0) {
        return None;
    }
    let is_there = |place: &str| inventories.iter().any(|found| found.cards.iter().map(|(card, _)| card).chain(&found.payment).chain(&found.person).any(|there| there == place));
    let gone: Vec<&str> = agreed.iter().copied().filter(|place| !is_there(place)).collect();
    (!gone.is_empty()).then(|| TEXTS.warn(Severity::Low, Subject::scope(AGREED), format!("agreed on, and nothing of the kind was found there: {}", gone.join(", "))))
}

fn judge(agreed: &[&str], given: &Snapshot, of: &WorldDeployment) -> Finding {
    database::asked(&TEXTS, given, (Inquiry::Sensitive, of), format!("the database of {}", of.name), |subject, result| {
        let Some(inventory) = inventory(result) else { return TEXTS.unverified(subject, words(result)) };
        let found = not_agreed(&inventory, agreed);
        let looked = format!("{} columns of {} tables looked at", inventory.columns, inventory.relations);
        match (found.is_empty(), inventory.unread) {
            (false, _) => TEXTS.fail(subject, format!("{}; {looked}", found.join("; "))),
            (true, 0) => TEXTS.pass(subject, looked),
            (true, unread) => TEXTS.unverified(subject, format!("{looked}, but for {unread} that its role cannot read")),
        }
    })
}

/// What was found, in words, a part for each kind.
fn not_agreed(inventory: &Inventory, agreed: &[&str]) -> Vec<String> {
    let is_left = |place: &&String| !agreed.contains(&place.as_str());
    let is_airflows = |place: &String| place.split_once('.').is_some_and(|(_, column)| AIRFLOWS_OWN.contains(&column));
    let cards = inventory.cards.iter().filter(|(place, _)| is_left(&place)).map(|(place, rows)| format!("{place} ({rows})"));
    let payment = inventory.payment.iter().filter(is_left).cloned();
    let person = inventory.person.iter().filter(is_left).filter(|place| !is_airflows(place)).cloned();
    let kinds: [(&str, Vec<String>); 3] = [("card numbers in", cards.collect()), ("named as payment data:", payment.collect()), ("named as personal data:", person.collect())];
    kinds.into_iter().filter(|(_, places)| !places.is_empty()).map(|(kind, places)| format!("{kind} {}", places.join(", "))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_agreed_on_and_airflows_own_users_are_not_told() {
        let inventory = Inventory::read(
            "9 2 0\ncard public.orders.note 3\npayment public.ab_user.iban\npayment public.orders.iban\nperson public.ab_user.email\nperson public.ab_user.birth_date\nperson public.orders.email",
        )
        .unwrap();
        assert_eq!(
            not_agreed(&inventory, &[]),
            ["card numbers in public.orders.note (3)", "named as payment data: public.ab_user.iban, public.orders.iban", "named as personal data: public.ab_user.birth_date, public.orders.email"]
        );
        assert_eq!(not_agreed(&inventory, &["public.orders.email", "public.orders.note", "public.ab_user.iban", "public.ab_user.birth_date"]), ["named as payment data: public.orders.iban"]);
    }
}
