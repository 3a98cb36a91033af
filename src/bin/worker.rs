//! The second wasm module: the engine's worker.

fn main() {
    onionskin::worker::start();
}
