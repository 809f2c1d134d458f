//! libFuzzer behind this program's own `main`: Rust's runtime then tells a stack overflow, and libFuzzer keeps its input.
#![allow(unsafe_code, reason = "libFuzzer is C++")]

use std::ffi::{CString, c_char, c_int};
use std::sync::OnceLock;
use tidegate_fuzz::{Target, run};

static TARGET: OnceLock<&'static Target> = OnceLock::new();

libfuzzer_sys::fuzz_target!(|input: &[u8]| run(TARGET.get().expect("set before libFuzzer begins"), input));

unsafe extern "C" {
    fn LLVMFuzzerRunDriver(
        count: *mut c_int,
        arguments: *mut *mut *mut c_char,
        one: unsafe extern "C" fn(*const u8, usize) -> c_int,
    ) -> c_int;
    fn LLVMFuzzerTestOneInput(input: *const u8, length: usize) -> c_int;
}

/// Runs until libFuzzer's arguments say that it is enough; ends the process if an input breaks the target.
pub(crate) fn drive(target: &'static Target, arguments: &[&str]) {
    TARGET.get_or_init(|| target);
    // For `keep` libFuzzer starts itself by a shell, with its own arguments behind this first one.
    let program = format!("{} {}", std::env::args().next().unwrap_or_default(), target.name);
    let given = std::iter::once(program.as_str()).chain(arguments.iter().copied());
    let texts: Vec<CString> =
        given.map(|text| CString::new(text).expect("an argument has no zero in it")).collect();
    let mut pointers: Vec<*mut c_char> = texts.iter().map(|text| text.as_ptr().cast_mut()).collect();
    pointers.push(std::ptr::null_mut());
    let (mut count, mut all) = (texts.len() as c_int, pointers.as_mut_ptr());
    // SAFETY: the arguments are C strings that outlive the call, with null behind them, as `main` gets them.
    let code = unsafe { LLVMFuzzerRunDriver(&mut count, &mut all, LLVMFuzzerTestOneInput) };
    std::process::exit(code);
}
