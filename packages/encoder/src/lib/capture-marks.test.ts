import { expect, it } from 'vitest';
import { createMarkReader } from './capture-marks.ts';

const head = '#software: Lavf59.27.100\n#tb 0: 1/90000\n#media_type 0: video\n';

it('reads the checksums of key frames, in chunks of any size', () => {
  const text = `${head}0,      -3910,       2090,     3000,     4440, 0xade53065, S=1,        1\n0,     131090,     137090,     3000,     4709, 0x450d1740\n`;
  for (const size of [1, 7, 1000]) {
    const reader = createMarkReader();
    for (let at = 0; at < text.length; at += size) reader.push(Buffer.from(text.slice(at, at + size)));
    expect(reader.marks).toEqual([
      { seconds: 0, mark: 'ade53065-4440' },
      { seconds: 1.5, mark: '450d1740-4709' },
    ]);
  }
});

it('keeps a bounded number, further apart once there are many', () => {
  const reader = createMarkReader();
  reader.push(Buffer.from(head));
  for (let index = 0; index < 100_000; index++)
    reader.push(Buffer.from(`0, ${index * 1920}, ${index * 1920}, 1920, 200, 0x${'0'.repeat(8)}\n`));
  expect(reader.marks).toHaveLength(256);
  const [one, two] = reader.marks.slice(-2).map(({ seconds }) => seconds);
  expect((two ?? 0) - (one ?? 0)).toBeGreaterThanOrEqual(0.5);
  expect(two).toBeGreaterThan(2000);
});
