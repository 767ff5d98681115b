/** Rings until it is told to stop: two tones made here, and the phone's own vibration. */
const EVERY_MS = 2500;

const TONES = [[880, 0], [660, 0.22], [880, 0.44]];

let sounds = null;
let ringing = null;

/** A browser lets a page sound only after a touch: take the first. */
export function allowSound() {
  sounds ??= "AudioContext" in window ? new AudioContext() : null;
  if (sounds?.state === "suspended") sounds.resume();
}

export function ring() {
  if (ringing !== null) return;
  once();
  ringing = setInterval(once, EVERY_MS);
}

export function stopRinging() {
  if (ringing !== null) clearInterval(ringing);
  ringing = null;
}

function once() {
  navigator.vibrate?.([400, 150, 400]);
  allowSound();
  if (!sounds) return;
  for (const [pitch, after] of TONES) tone(pitch, sounds.currentTime + after);
}

function tone(pitch, begin) {
  const source = sounds.createOscillator();
  const loudness = sounds.createGain();
  source.type = "square";
  source.frequency.value = pitch;
  loudness.gain.setValueAtTime(0.5, begin);
  loudness.gain.exponentialRampToValueAtTime(0.01, begin + 0.2);
  source.connect(loudness).connect(sounds.destination);
  source.start(begin);
  source.stop(begin + 0.22);
}
