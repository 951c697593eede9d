import { expect, it } from 'vitest';
import { createHeldMedia } from './held-media.ts';

it('counts again from the beginning where another storage gets the file', () => {
  const held = createHeldMedia({ mayShrink: true });
  held.add(1100, 1);
  held.add(1200, 2);
  expect(held.seconds(1200)).toBe(2);
  expect(held.seconds(0)).toBe(0);
  expect(held.seconds(1100)).toBe(1);
});

it('counts the fragments that are stored whole', () => {
  const held = createHeldMedia();
  expect(held.seconds(1000)).toBe(0);
  held.add(1100, 1);
  held.add(1200, 2);
  held.add(1300, 3);
  expect(held.seconds(1099)).toBe(0);
  expect(held.seconds(1100)).toBe(1);
  expect(held.seconds(1299)).toBe(2);
  expect(held.seconds(1299)).toBe(2);
  held.add(1400, 4);
  expect(held.seconds(5000)).toBe(4);
});
