// Starts the page. The only script that is not compiled from Rust.
//
// 1. The Trusted Types policy (50-browser 9): markup that could run something is refused, and only the two scripts of this
//    project may become a worker. It must exist before the page's module runs.
// 2. The environment check that cannot wait for WebAssembly (screens 2.5).
// 3. The engine's worker, so that it loads beside the page's module instead of behind it. The page adopts it. On a device
//    that keeps nothing the first screen needs no worker, and starts it when it stands.
// 4. The module itself; its hashed names stand on this script's element.

const RISKY = /<\s*(?:script|iframe|object|embed|base|link|meta|form)\b|[\s"'/]on[a-z]+\s*=|javascript:|srcdoc/i;
const SCRIPTS = new Set(["/worker_loader.js", "/sw.js"]);

if (globalThis.trustedTypes?.createPolicy) {
  trustedTypes.createPolicy("default", {
    createHTML: (markup) => (RISKY.test(markup) ? null : markup),
    createScriptURL: (url) => (SCRIPTS.has(url) ? url : null),
  });
}

const boot = document.getElementById("boot");
const text = document.getElementById("boot-text");
const reload = document.getElementById("boot-reload");
reload.addEventListener("click", () => location.reload());

function say(message) {
  if (boot.isConnected) {
    boot.classList.add("said");
    text.textContent = message;
    reload.hidden = false;
  }
}

// Whether this device may keep an account. Where the browser does not tell, it may.
async function mayKeep() {
  const unknown = new Promise((done) => setTimeout(done, 300, [undefined]));
  const databases = globalThis.indexedDB?.databases?.().catch(() => [undefined]) ?? [undefined];
  return (await Promise.race([databases, unknown])).length > 0;
}

const missing = [
  ["a secure connection (https)", globalThis.isSecureContext],
  ["WebAssembly", typeof WebAssembly === "object"],
  ["web workers", typeof Worker === "function"],
  ["random numbers", typeof globalThis.crypto?.getRandomValues === "function"],
  ["web locks", !globalThis.isSecureContext || Boolean(navigator.locks)],
].filter(([, present]) => !present).map(([name]) => name);

if (missing.length > 0) {
  say(`This browser lacks: ${missing.join(", ")}. Onionskin works in Chrome and Edge from 120, Firefox from 128 and Safari from 17. Nothing was stored.`);
} else {
  if (await mayKeep()) {
    const worker = new Worker("/worker_loader.js", { type: "module", name: "onionskin" });
    worker.onerror = () => {
      worker.failed = true;
    };
    globalThis.onionskinWorker = worker;
  }
  const slow = setTimeout(() => say("This takes longer than usual."), 8000);
  try {
    // Browsers check the hash of a module's preload but not that of a plain fetch (50-browser 9): it is asked for here.
    const { js, wasm, integrity } = document.querySelector("script[data-js]").dataset;
    const { default: start, run } = await import(js);
    await start({ module_or_path: fetch(wasm, { integrity }) });
    await run();
    boot.remove();
  } catch (error) {
    console.error(error);
    say("Onionskin could not start. Nothing was stored.");
  } finally {
    clearTimeout(slow);
  }
}
