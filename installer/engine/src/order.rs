//! Which step is next: one whose predecessors have all ended well. What depends on a gate that waits is left for the next run.

use std::collections::BTreeSet;

use airlock_model::{PlannedStep, StepId};

/// The steps of a plan on their way. Steps named in `after` that the plan does not hold are done already.
#[derive(Debug)]
pub(crate) struct Order<'a> {
    open: Vec<&'a PlannedStep>,
    unfinished: BTreeSet<&'a StepId>,
}

impl<'a> Order<'a> {
    pub(crate) fn new(steps: &'a [PlannedStep]) -> Self {
        Self { open: steps.iter().collect(), unfinished: steps.iter().map(|step| &step.id).collect() }
    }

    /// Takes the first step, in the order of the plan, that waits for nothing.
    pub(crate) fn next(&mut self) -> Option<&'a PlannedStep> {
        let at = self.open.iter().position(|step| !step.after.iter().any(|id| self.unfinished.contains(id)))?;
        Some(self.open.remove(at))
    }

    /// The step ended well: what comes after it may begin.
    pub(crate) fn finished(&mut self, step: &StepId) {
        self.unfinished.remove(step);
    }

    /// Steps that were never taken.
    pub(crate) fn left(&self) -> &[&'a PlannedStep] {
        &self.open
    }
}

#[cfg(test)]
mod tests {
    use airlock_model::{Action, Risk, Undo};

    use super::*;

    fn step(id: &str, after: &[&str]) -> PlannedStep {
        PlannedStep {
            id: id.into(),
            title: String::new(),
            after: after.iter().map(|id| (*id).into()).collect(),
            action: Action::Apply(Vec::new()),
            changes: Vec::new(),
            risk: Risk::None,
            rights: Vec::new(),
            undo: Undo::Nothing,
        }
    }

    fn run(steps: &[PlannedStep], waits: &str) -> (Vec<String>, Vec<String>) {
        let mut order = Order::new(steps);
        let mut taken = Vec::new();
        while let Some(step) = order.next() {
            taken.push(step.id.0.clone());
            if step.id.0 != waits {
                order.finished(&step.id);
            }
        }
        (taken, order.left().iter().map(|step| step.id.0.clone()).collect())
    }

    #[test]
    fn a_step_comes_after_its_predecessors_whatever_the_order_of_the_plan() {
        let steps = [step("edge", &["certificate", "done-before"]), step("certificate", &["authority"]), step("authority", &[])];
        assert_eq!(run(&steps, ""), (vec!["authority".into(), "certificate".into(), "edge".into()], vec![]));
    }

    #[test]
    fn what_does_not_depend_on_a_waiting_gate_is_done() {
        let steps = [step("gate.dns", &[]), step("push", &["gate.dns"]), step("pull", &["push"]), step("database", &[])];
        assert_eq!(run(&steps, "gate.dns"), (vec!["gate.dns".into(), "database".into()], vec!["push".into(), "pull".into()]));
    }

    #[test]
    fn steps_that_wait_for_each_other_are_left() {
        let steps = [step("a", &["b"]), step("b", &["a"])];
        assert_eq!(run(&steps, ""), (vec![], vec!["a".into(), "b".into()]));
    }
}
