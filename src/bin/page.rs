//! The first wasm module: the page.

fn main() {
    onionskin::report_panics();
    onionskin::page::start();
}
