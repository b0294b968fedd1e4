//! Form encoding as Stripe reads it: `lines[0][amount]=5` is a tree.

use serde_json::{Map, Value};

/// Reads a body or a query into a tree whose leaves are text.
pub fn decode(encoded: &[u8]) -> Map<String, Value> {
    let mut tree = Map::new();
    for (name, value) in url::form_urlencoded::parse(encoded) {
        let mut steps = name.split('[').map(|step| step.trim_end_matches(']'));
        let first = steps.next().unwrap_or_default().to_owned();
        place(&mut tree, first, steps.map(str::to_owned).collect(), value.into_owned());
    }
    tree
}

fn place(tree: &mut Map<String, Value>, name: String, mut steps: Vec<String>, value: String) {
    if steps.is_empty() {
        tree.insert(name, Value::String(value));
        return;
    }
    let mut next = steps.remove(0);
    let inner = tree.entry(name).or_insert_with(|| Value::Object(Map::new()));
    if !inner.is_object() {
        *inner = Value::Object(Map::new());
    }
    if let Value::Object(inner) = inner {
        if next.is_empty() {
            next = inner.len().to_string();
        }
        place(inner, next, steps, value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn brackets_make_a_tree() {
        let tree = decode(b"a=1&b[c]=2&b[d][]=3&b[d][]=4&e[0][f]=x+y&e[1][f]=%C3%A9&g[");
        assert_eq!(
            Value::Object(tree),
            json!({"a": "1", "b": {"c": "2", "d": {"0": "3", "1": "4"}},
                   "e": {"0": {"f": "x y"}, "1": {"f": "é"}}, "g": {"0": ""}})
        );
    }

    #[test]
    fn nonsense_is_read_too() {
        for text in ["", "&&", "=", "[]=", "a[b=1", "a=1&a[b]=2", "a[b]=2&a=1", "%zz=%"] {
            decode(text.as_bytes());
        }
    }
}
