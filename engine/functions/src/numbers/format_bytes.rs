use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "format_bytes",
    meaning: "A number of bytes as people read it, in units of 1024.",
    parameters: &[int("bytes")],
    gives: Gives::String,
    examples: &[
        gives("format_bytes(1536)", r#""1.5 KiB""#),
        gives("format_bytes(512)", r#""512 B""#).note("less than 1 KiB has no fraction"),
        gives("format_bytes(-1048576)", r#""-1.0 MiB""#),
    ],
    body: Body::Direct(|arguments| {
        let bytes = arguments.int(0);
        let mut value = bytes.unsigned_abs() as f64;
        let mut unit = 0;
        while value >= 1024.0 && unit + 1 < UNITS.len() {
            value /= 1024.0;
            unit += 1;
        }
        let sign = if bytes < 0 { "-" } else { "" };
        let digits = usize::from(unit > 0);
        text(format!("{sign}{value:.digits$} {}", UNITS[unit]))
    }),
    ..DEFAULTS
};

const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
