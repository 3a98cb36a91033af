//! The second wasm module: the engine's worker.

fn main() {
    onionskin::report_panics();
    onionskin::worker::start();
}
