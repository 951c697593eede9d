import { describe, expect, it } from 'vitest';
import { createSeal } from './gcs-seal.ts';

const secret = '/upload?upload_id=who-knows-it-may-write';
const about = 'gs://bucket/key';

describe("a session's address", () => {
  it('is read by holders of the same key only, and for the same object only', () => {
    const sealed = createSeal({ privateKey: 'key' }).close(secret, about);
    expect(sealed).not.toContain('who-knows');
    expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('who-knows');
    expect(createSeal({ privateKey: 'key\n' }).open(sealed, about)).toBe(secret);
    const wrong = expect.objectContaining({ code: 'InvalidCredentials' });
    expect(() => createSeal({ privateKey: 'other' }).open(sealed, about)).toThrow(wrong);
    expect(() => createSeal({ privateKey: 'key' }).open(sealed, 'gs://bucket/other')).toThrow(wrong);
    expect(() => createSeal({ privateKey: 'key' }).open('short', about)).toThrow(wrong);
  });

  it('looks different every time', () => {
    const seal = createSeal({ privateKey: 'key' });
    expect(seal.close(secret, about)).not.toBe(seal.close(secret, about));
  });
});
