//! The first wasm module: the page.

fn main() {
    console_error_panic_hook::set_once();
    onionskin::page::start();
}
