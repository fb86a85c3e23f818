//! Columns that do not say of which table they are, found in the syntax tree that DuckDB gives of a statement. Pure. A macro's
//! parameter takes the place of every bare name equal to it, so that `where source = source` would filter nothing.

use serde_json::Value;

/// A bare name, and where in the statement it stands, in bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bare {
    pub(super) name: String,
    pub(super) offset: usize,
}

/// What may stand bare where the walk is.
#[derive(Clone, Default)]
struct Scope {
    /// Whether there are tables whose columns could be meant.
    has_tables: bool,
    /// Names of lambdas, and of the columns of the result in `order by` and `group by`.
    names: Vec<String>,
}

/// Parts of a select in which the names of its result may stand; `modifiers` is `order by`.
const OF_RESULT: [&str; 4] = ["modifiers", "group_expressions", "having", "qualify"];

/// The first bare name in a select that reads a table.
pub(super) fn unqualified(tree: &Value, parameters: &[&str]) -> Option<Bare> {
    walk(tree, &Scope::default(), parameters)
}

/// Whether a bare name stands anywhere in the statement: a parameter that does not has no effect.
pub(super) fn is_named(tree: &Value, name: &str) -> bool {
    match tree {
        Value::Array(items) => items.iter().any(|item| is_named(item, name)),
        Value::Object(members) => {
            let is_it = members.get("type").is_some_and(|kind| kind == "COLUMN_REF")
                && tree["column_names"]
                    .as_array()
                    .is_some_and(|names| matches!(names.as_slice(), [one] if one == name));
            is_it || members.values().any(|member| is_named(member, name))
        }
        _ => false,
    }
}

/// Whether the rows of the statement come in an order.
pub(super) fn is_ordered(tree: &Value) -> bool {
    let modifiers = tree["statements"][0]["node"]["modifiers"].as_array();
    modifiers
        .into_iter()
        .flatten()
        .any(|modifier| modifier["type"] == "ORDER_MODIFIER")
}

fn walk(value: &Value, scope: &Scope, parameters: &[&str]) -> Option<Bare> {
    match value {
        Value::Array(items) => items.iter().find_map(|item| walk(item, scope, parameters)),
        Value::Object(members) => {
            let kind = members.get("type").and_then(Value::as_str).unwrap_or_default();
            let all = |scope: &Scope| members.values().find_map(|member| walk(member, scope, parameters));
            match kind {
                "COLUMN_REF" => bare(value, scope),
                "SELECT_NODE" => select(value, scope, parameters),
                "SET_OPERATION_NODE" => members.iter().find_map(|(name, member)| {
                    // The columns of a union have no table.
                    let has_tables = scope.has_tables && name != "modifiers";
                    let names = scope.names.clone();
                    walk(member, &Scope { has_tables, names }, parameters)
                }),
                "LAMBDA" => {
                    let mut inner = scope.clone();
                    members
                        .get("lhs")
                        .into_iter()
                        .for_each(|lhs| bound(lhs, &mut inner.names));
                    all(&inner)
                }
                _ => all(scope),
            }
        }
        _ => None,
    }
}

fn select(node: &Value, outer: &Scope, parameters: &[&str]) -> Option<Bare> {
    let has_tables = node["from_table"]["type"] != "EMPTY";
    let inner = Scope {
        has_tables,
        names: outer.names.clone(),
    };
    let mut of_result = inner.clone();
    let columns = node["select_list"].as_array().into_iter().flatten();
    let aliases = columns.filter_map(|column| column["alias"].as_str());
    let aliases = aliases.filter(|alias| !alias.is_empty() && !parameters.contains(alias));
    of_result.names.extend(aliases.map(str::to_owned));
    node.as_object()?.iter().find_map(|(name, member)| {
        let scope = if OF_RESULT.contains(&name.as_str()) {
            &of_result
        } else {
            &inner
        };
        walk(member, scope, parameters)
    })
}

fn bare(node: &Value, scope: &Scope) -> Option<Bare> {
    let names = node["column_names"].as_array()?;
    let [name] = names.as_slice() else {
        return None;
    };
    let name = name.as_str()?;
    let is_fine = !scope.has_tables || scope.names.iter().any(|known| known == name);
    (!is_fine).then(|| Bare {
        name: name.to_owned(),
        offset: node["query_location"]
            .as_u64()
            .and_then(|offset| usize::try_from(offset).ok())
            .unwrap_or(0),
    })
}

/// The names that the left side of a lambda binds.
fn bound(lhs: &Value, names: &mut Vec<String>) {
    match lhs {
        Value::Array(items) => items.iter().for_each(|item| bound(item, names)),
        Value::Object(members) => {
            let column = members.get("column_names").and_then(Value::as_array);
            let own = column.and_then(|names| names.first()).and_then(Value::as_str);
            names.extend(own.map(str::to_owned));
            members.values().for_each(|member| bound(member, names));
        }
        _ => {}
    }
}
