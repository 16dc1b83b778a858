//! JSON Schema, as much of it as a schema of ours uses. A keyword that is not known here is a mistake.

use serde_json::{Map, Value};

/// Checks a value against a schema.
///
/// # Errors
///
/// Where in the value, and what is wrong there.
pub(crate) fn check(schema: &Value, value: &Value) -> Result<(), String> {
    Checker { root: schema }.check(schema, value, "$")
}

struct Checker<'a> {
    root: &'a Value,
}

/// Says something about the schema, not about values.
const NOTES: [&str; 5] = ["$schema", "$id", "$defs", "title", "description"];

impl Checker<'_> {
    fn check(&self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        let schema = schema.as_object().expect("a schema is an object");
        for (keyword, want) in schema {
            let is_fine = match keyword.as_str() {
                note if NOTES.contains(&note) => true,
                "$ref" => {
                    self.check(self.resolved(want), value, at)?;
                    true
                }
                "allOf" => {
                    list(want).iter().try_for_each(|one| self.check(one, value, at))?;
                    true
                }
                "oneOf" => {
                    let results: Vec<_> =
                        list(want).iter().map(|one| self.check(one, value, at)).collect();
                    let fitting = results.iter().filter(|it| it.is_ok()).count();
                    if fitting != 1 {
                        return Err(format!("{at}: {fitting} of the choices fit: {results:?}"));
                    }
                    true
                }
                "type" => match want {
                    Value::Array(types) => types.iter().any(|it| is_of_type(it, value)),
                    one => is_of_type(one, value),
                },
                "const" => value == want,
                "enum" => list(want).contains(value),
                "minimum" => value.as_f64() >= want.as_f64(),
                "pattern" => matches(want.as_str().expect("a text"), value),
                "required" => list(want)
                    .iter()
                    .all(|name| value.get(name.as_str().expect("a name")).is_some()),
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(want, item, &format!("{at}[{index}]"))?;
                    }
                    true
                }
                "properties" => {
                    let members = want.as_object().expect("an object");
                    self.members(members, value, at)?;
                    true
                }
                other => panic!("{other} is not known to this test"),
            };
            if !is_fine {
                let shown: String = value.to_string().chars().take(200).collect();
                return Err(format!("{at}: {keyword} {want} does not hold for {shown}"));
            }
        }
        Ok(())
    }

    fn members(&self, members: &Map<String, Value>, value: &Value, at: &str) -> Result<(), String> {
        for (name, member) in value.as_object().into_iter().flatten() {
            if let Some(schema) = members.get(name) {
                self.check(schema, member, &format!("{at}.{name}"))?;
            }
        }
        Ok(())
    }

    fn resolved(&self, reference: &Value) -> &Value {
        let path = reference.as_str().and_then(|it| it.strip_prefix('#')).expect("a local one");
        self.root.pointer(path).unwrap_or_else(|| panic!("{path} is not there"))
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn is_of_type(word: &Value, value: &Value) -> bool {
    match word.as_str().expect("a word") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        other => panic!("{other} is not known to this test"),
    }
}

fn matches(pattern: &str, value: &Value) -> bool {
    let regex = shellac_query::regex::Regex::new(pattern.as_bytes(), false).expect("a pattern");
    value.as_str().is_none_or(|text| regex.is_match(text.as_bytes()))
}
