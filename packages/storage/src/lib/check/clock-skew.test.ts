import { TapedeckError } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { explainBySkew, judgeSkew } from './clock-skew.ts';

describe('a difference between the clocks', () => {
  it.each([
    [0, undefined, undefined],
    [-59, undefined, undefined],
    [120, undefined, "This machine's clock is 2 min behind the server's; services refuse from 15 min on."],
    [-1200, "This machine's clock is 20 min ahead of the server's; set it (NTP).", undefined],
    [36_000, "This machine's clock is 10.0 h behind the server's; set it (NTP).", undefined],
  ])('of %d s', (seconds, failure, remark) => {
    expect(judgeSkew(seconds).error?.message).toBe(failure);
    expect(judgeSkew(seconds).remark).toBe(remark);
  });

  it('explains a refusal where it is large, and no other failure', () => {
    const refused = new TapedeckError('StorageUnauthenticated', 'The signature is wrong.');
    expect(explainBySkew(refused, -1200)).toMatchObject({
      code: 'ClockSkewed',
      message: "The signature is wrong. This machine's clock is 20 min ahead of the server's.",
    });
    expect(explainBySkew(refused, 5)).toBe(refused);
    expect(explainBySkew(refused, undefined)).toBe(refused);
    const denied = new TapedeckError('StorageDenied', 'No.');
    expect(explainBySkew(denied, -1200)).toBe(denied);
  });
});
