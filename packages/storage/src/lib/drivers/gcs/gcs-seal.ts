import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { TapedeckError } from '@tapedeck/core';
import type { ServiceAccount } from './gcs-service-account.ts';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Keeps a session's address readable to holders of the account's key only. Whoever knows the address writes to the
 * session without any credentials (https://cloud.google.com/storage/docs/resumable-uploads#session-uris), and
 * tokens are stored in clear.
 */
export interface Seal {
  /** `about` must be the same when it is opened. */
  close(text: string, about: string): string;
  /** Rejects with `InvalidCredentials` what was closed with another key, or for something else. */
  open(sealed: string, about: string): string;
}

export function createSeal({ privateKey }: Pick<ServiceAccount, 'privateKey'>): Seal {
  const key = Buffer.from(hkdfSync('sha256', privateKey.trim(), '', 'tapedeck gcs session 1', KEY_BYTES));
  return {
    close(text, about) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(about));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url');
    },
    open(sealed, about) {
      const bytes = Buffer.from(sealed, 'base64url');
      try {
        const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), {
          authTagLength: TAG_BYTES,
        });
        decipher.setAAD(Buffer.from(about));
        decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
        const body = bytes.subarray(NONCE_BYTES + TAG_BYTES);
        return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
      } catch (cause) {
        throw new TapedeckError(
          'InvalidCredentials',
          'The upload was opened with another key of a service account; give that one until it is completed.',
          { cause },
        );
      }
    },
  };
}
