//! Compiles `proto/session.proto` in two forms: the Rust types (prost) and a table of fields (`schema.rs`) by which
//! received bytes are checked and repaired before prost sees them.

use prost_build::Config;
use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Numbers of `google.protobuf.FieldDescriptorProto.Type` and `Label` that the table needs.
mod descriptor {
    pub const DOUBLE: i32 = 1;
    pub const FLOAT: i32 = 2;
    pub const FIXED64: i32 = 6;
    pub const FIXED32: i32 = 7;
    pub const STRING: i32 = 9;
    pub const MESSAGE: i32 = 11;
    pub const BYTES: i32 = 12;
    pub const SFIXED32: i32 = 15;
    pub const SFIXED64: i32 = 16;
    pub const REQUIRED: i32 = 2;
    pub const REPEATED: i32 = 3;
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto/session.proto");
    println!("cargo:rerun-if-changed=build.rs");
    let files = protox::compile(["proto/session.proto"], ["proto"])?;

    let mut table = String::new();
    for message in files.file.iter().flat_map(|file| &file.message_type) {
        let mut fields: Vec<_> = message.field.iter().collect();
        fields.sort_by_key(|field| field.number());
        writeln!(
            table,
            "pub(crate) static {}: Schema = Schema {{ fields: &[",
            constant(message.name())
        )?;
        for field in fields {
            let kind = match field.r#type.unwrap_or_default() {
                descriptor::STRING => "Kind::Text".to_owned(),
                descriptor::BYTES => "Kind::Bytes".to_owned(),
                descriptor::FIXED64 | descriptor::SFIXED64 | descriptor::DOUBLE => {
                    "Kind::Fixed64".to_owned()
                }
                descriptor::FIXED32 | descriptor::SFIXED32 | descriptor::FLOAT => {
                    "Kind::Fixed32".to_owned()
                }
                descriptor::MESSAGE => {
                    let name = field.type_name().rsplit('.').next().unwrap_or_default();
                    format!("Kind::Message(&{})", constant(name))
                }
                _ => "Kind::Varint".to_owned(),
            };
            let label = field.label.unwrap_or_default();
            writeln!(
                table,
                "    Field {{ number: {}, kind: {kind}, required: {}, repeated: {} }},",
                field.number(),
                label == descriptor::REQUIRED,
                label == descriptor::REPEATED,
            )?;
        }
        writeln!(table, "] }};")?;
    }
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("schema.rs"), table)?;

    Config::new().compile_fds(files)?;
    Ok(())
}

/// `DataMessage` becomes `DATA_MESSAGE`.
fn constant(name: &str) -> String {
    let mut out = String::new();
    for (i, c) in name.chars().enumerate() {
        if c.is_ascii_uppercase() && i > 0 {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
    }
    out
}
