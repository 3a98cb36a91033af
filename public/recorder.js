// Gives the page the microphone's samples, 4096 at a time (50-browser 10.1). Runs in the audio worklet.
const SAMPLES = 4096;

class Recorder extends AudioWorkletProcessor {
  constructor() {
    super();
    this.block = new Float32Array(SAMPLES);
    this.filled = 0;
  }

  process([[channel]]) {
    if (channel) {
      if (this.filled + channel.length > SAMPLES) this.flush();
      this.block.set(channel, this.filled);
      this.filled += channel.length;
      if (this.filled === SAMPLES) this.flush();
    }
    return true;
  }

  flush() {
    const block = this.block.slice(0, this.filled);
    this.port.postMessage(block, [block.buffer]);
    this.filled = 0;
  }
}

registerProcessor('recorder', Recorder);
