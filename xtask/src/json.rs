//! The little JSON that these commands need: one string field of a line, and lists of figures.

/// The value of a string field in a flat object, without escapes (addresses have none).
pub fn string_field(line: &str, name: &str) -> Option<String> {
    let rest = line
        .split_once(&format!("\"{name}\""))?
        .1
        .trim_start()
        .strip_prefix(':')?
        .trim_start();
    let (value, _) = rest.strip_prefix('"')?.split_once('"')?;
    (!value.contains('\\')).then(|| value.to_string())
}

/// One measured figure: `{"name":…,"value":…,"unit":…}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    pub name: String,
    pub value: f64,
    pub unit: String,
}

/// Reads an array of figures, which is what the benchmarks print.
pub fn figures(text: &str) -> Vec<Figure> {
    text.split('{')
        .skip(1)
        .filter_map(|object| {
            let object = object.split_once('}')?.0;
            let value = object
                .split_once("\"value\"")?
                .1
                .trim_start()
                .strip_prefix(':')?;
            let value = value.split([',', '\n']).next()?.trim().parse().ok()?;
            Some(Figure {
                name: string_field(object, "name")?,
                value,
                unit: string_field(object, "unit")?,
            })
        })
        .collect()
}

/// Writes the array, one figure per line.
pub fn write_figures(figures: &[Figure]) -> String {
    let lines: Vec<String> = figures
        .iter()
        .map(|Figure { name, value, unit }| {
            format!("  {{\"name\":\"{name}\",\"value\":{value},\"unit\":\"{unit}\"}}")
        })
        .collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_name() {
        let line = r#"{"ready":true,"seed": "http://127.0.0.1:1/json_rpc","control":"http://127.0.0.1:2"}"#;
        assert_eq!(
            string_field(line, "seed").as_deref(),
            Some("http://127.0.0.1:1/json_rpc")
        );
        assert_eq!(
            string_field(line, "control").as_deref(),
            Some("http://127.0.0.1:2")
        );
        assert_eq!(string_field(line, "ready"), None);
        assert_eq!(string_field(line, "absent"), None);
    }

    #[test]
    fn figures_survive_writing_and_reading() {
        let both = vec![
            Figure {
                name: "a/b".into(),
                value: 12.5,
                unit: "1/s".into(),
            },
            Figure {
                name: "c".into(),
                value: 3.0,
                unit: "ours / libsodium.js".into(),
            },
        ];
        assert_eq!(figures(&write_figures(&both)), both);
        assert_eq!(
            figures(
                "[\n  {\n    \"name\": \"c\",\n    \"value\": 3,\n    \"unit\": \"ours / libsodium.js\"\n  }\n]"
            ),
            both[1..]
        );
        assert!(figures("[]").is_empty());
    }
}
