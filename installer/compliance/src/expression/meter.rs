//! Writes a meter into an expression: before a loop begins its elements are paid for, before a function is called what it looks at,
//! and before something is put into a list or a map its copy. So neither time nor memory can grow beyond the budget.

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedEntryExpr, IdedExpr, ListExpr, LiteralValue, MapExpr, SelectExpr, operators};

use super::library::{EACH, HELD, JOIN, LOOKED_AT, NAMESPACES, REPLACE, SQUARED};

/// Operators that look at no more than their values' first letter.
const FREE: [&str; 9] = [
    operators::CONDITIONAL,
    operators::INDEX,
    operators::LOGICAL_AND,
    operators::LOGICAL_NOT,
    operators::LOGICAL_OR,
    operators::NEGATE,
    operators::NOT_STRICTLY_FALSE,
    operators::OPT_INDEX,
    operators::OPT_SELECT,
];

/// Operators that look at all of their values.
const WHOLE: [&str; 4] = [operators::ADD, operators::EQUALS, operators::IN, operators::NOT_EQUALS];

/// The same tree, metered.
pub(super) fn metered(node: IdedExpr) -> IdedExpr {
    let IdedExpr { id, expr } = node;
    let expr = match expr {
        Expr::Comprehension(comprehension) => Expr::Comprehension(Box::new(of_loop(*comprehension))),
        Expr::Call(call) => Expr::Call(of_call(call)),
        Expr::Select(select) => Expr::Select(SelectExpr { operand: Box::new(metered(*select.operand)), ..select }),
        Expr::List(list) => Expr::List(ListExpr { elements: list.elements.into_iter().map(|element| paid(HELD, element)).collect(), ..list }),
        Expr::Map(map) => Expr::Map(MapExpr { entries: map.entries.into_iter().map(of_entry).collect() }),
        other => other,
    };
    IdedExpr { id, expr }
}

fn of_loop(comprehension: ComprehensionExpr) -> ComprehensionExpr {
    let turn = steps(&comprehension.loop_cond) + steps(&comprehension.loop_step);
    let range = metered(comprehension.iter_range);
    let id = range.id;
    let turn = IdedExpr { id, expr: Expr::Literal(LiteralValue::Int(i64::try_from(turn).unwrap_or(i64::MAX).into())) };
    ComprehensionExpr {
        iter_range: IdedExpr { id, expr: called(EACH, vec![range, turn]) },
        accu_init: metered(comprehension.accu_init),
        loop_cond: metered(comprehension.loop_cond),
        loop_step: metered(comprehension.loop_step),
        result: metered(comprehension.result),
        ..comprehension
    }
}

fn of_call(call: CallExpr) -> CallExpr {
    let CallExpr { func_name, target, args } = call;
    let name = func_name.as_str();
    // What a macro collects: its elements are paid for as those of a list.
    let collects = name == operators::ADD && matches!(args.first().map(|first| &first.expr), Some(Expr::Ident(accumulator)) if accumulator.starts_with('@'));
    if FREE.contains(&name) || collects {
        return CallExpr { func_name, target: target.map(|target| Box::new(metered(*target))), args: args.into_iter().map(metered).collect() };
    }
    let of_arguments = if WHOLE.contains(&name) { LOOKED_AT } else { HELD };
    let of_target = if name == "distinct" { SQUARED } else { HELD };
    let is_namespace = |target: &IdedExpr| matches!(&target.expr, Expr::Ident(name) if NAMESPACES.contains(&name.as_str()));
    let target = target.map(|target| if is_namespace(&target) { target } else { Box::new(paid(of_target, *target)) });
    let func_name = match name {
        "replace" => REPLACE.to_owned(),
        "join" => JOIN.to_owned(),
        _ => func_name,
    };
    CallExpr { func_name, target, args: args.into_iter().map(|argument| paid(of_arguments, argument)).collect() }
}

fn of_entry(entry: IdedEntryExpr) -> IdedEntryExpr {
    let IdedEntryExpr { id, expr } = entry;
    let expr = match expr {
        EntryExpr::MapEntry(mut entry) => {
            (entry.key, entry.value) = (paid(HELD, entry.key), paid(HELD, entry.value));
            EntryExpr::MapEntry(entry)
        }
        other @ EntryExpr::StructField(_) => other,
    };
    IdedEntryExpr { id, expr }
}

/// A value that is paid for before it is handed on.
fn paid(how: &str, node: IdedExpr) -> IdedExpr {
    if matches!(node.expr, Expr::Literal(_)) {
        return node;
    }
    let node = metered(node);
    IdedExpr { id: node.id, expr: called(how, vec![node]) }
}

fn called(name: &str, args: Vec<IdedExpr>) -> Expr {
    Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args })
}

/// How many nodes a tree has.
fn steps(node: &IdedExpr) -> u64 {
    1 + match &node.expr {
        Expr::Select(select) => steps(&select.operand),
        Expr::Call(call) => call.target.iter().map(|target| steps(target)).sum::<u64>() + call.args.iter().map(steps).sum::<u64>(),
        Expr::Comprehension(comprehension) => {
            let ComprehensionExpr { iter_range, accu_init, loop_cond, loop_step, result, .. } = comprehension.as_ref();
            [iter_range, accu_init, loop_cond, loop_step, result].into_iter().map(steps).sum()
        }
        Expr::List(list) => list.elements.iter().map(steps).sum(),
        Expr::Map(map) => map.entries.iter().map(of_entry_steps).sum(),
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) => 0,
    }
}

fn of_entry_steps(entry: &IdedEntryExpr) -> u64 {
    match &entry.expr {
        EntryExpr::MapEntry(entry) => steps(&entry.key) + steps(&entry.value),
        EntryExpr::StructField(field) => steps(&field.value),
    }
}
