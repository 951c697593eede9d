/**
 * A moving picture, a running clock, a clip, and once a second a flash and a beep that are to be seen and heard at the
 * same moment. Both follow the sound's own clock.
 */
const canvas = document.getElementById('moving');
const flash = document.getElementById('flash');
const clock = document.getElementById('clock');
const clip = document.getElementById('clip');
const picture = canvas.getContext('2d');
const sound = new AudioContext();

clip.volume = 0.05; // The beeps are to be told from it.

const markSeconds = 0.1;
const hertz = 1000;
const loudness = 0.5;

/** Beeps are planned this far ahead, in seconds of the sound's clock. */
let planned = 1;
function planBeeps() {
  while (planned < sound.currentTime + 2) {
    const beep = new OscillatorNode(sound, { frequency: hertz });
    beep.connect(new GainNode(sound, { gain: loudness })).connect(sound.destination);
    beep.start(planned);
    beep.stop(planned + markSeconds);
    planned += 1;
  }
}

/** What is heard at this moment, in the sound's clock. */
function heardSeconds(now) {
  const { contextTime, performanceTime } = sound.getOutputTimestamp();
  return contextTime + (now - performanceTime) / 1000;
}

function draw(now) {
  planBeeps();
  const heard = heardSeconds(now);
  const isMark = heard >= 1 && heard % 1 < markSeconds;
  flash.style.background = isMark ? '#fff' : '#000';
  clock.textContent = new Date().toISOString().slice(11, 21);
  const { width, height } = canvas;
  picture.fillStyle = '#204060';
  picture.fillRect(0, 0, width, height);
  for (let i = 0; i < 24; i += 1) {
    const angle = now / 900 + (i * Math.PI) / 12;
    picture.fillStyle = `hsl(${(i * 15 + now / 20) % 360} 80% 55%)`;
    const x = width * (0.5 + 0.32 * Math.cos(angle));
    const y = height * (0.55 + 0.3 * Math.sin(angle * 1.3));
    picture.fillRect(x, y, width / 24, height / 14);
  }
  requestAnimationFrame(draw);
}

canvas.width = innerWidth;
canvas.height = innerHeight;
requestAnimationFrame(draw);
