/** Half a second of nothing, as a WAV file that Chromium plays over and over as its microphone. */
export function silentWav(): Buffer {
  const rate = 48_000;
  const bytes = rate; // Half a second of 16 bits, one channel.
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + bytes, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(bytes, 40);
  return Buffer.concat([header, Buffer.alloc(bytes)]);
}

/** A black picture, twice, as the Y4M file that is its camera. */
export function blackY4m(): Buffer {
  const width = 160;
  const height = 90;
  const frame = Buffer.concat([
    Buffer.from('FRAME\n'),
    Buffer.alloc(width * height, 16),
    Buffer.alloc((width * height) / 2, 128),
  ]);
  return Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F1:1 Ip A1:1 C420jpeg\n`), frame, frame]);
}
