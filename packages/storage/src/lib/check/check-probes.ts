import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { type ErrorCode, TapedeckError } from '@tapedeck/core';
import type { CompletedPart, Driver, UploadToken } from '../driver.ts';
import { firstByte } from '../link/link-trial.ts';

/** What a check leaves for a moment, and for good where it may not delete: always the same name, so one object. */
const CHECK_NAME = '.tapedeck-check';
const CONTENT_TYPE = 'text/plain';
const SIGNED_SECONDS = 60;
/** What a service may say of a name that is taken. */
const takenName: ReadonlySet<ErrorCode> = new Set(['AlreadyExists', 'StorageDenied', 'UploadGone']);

/** One try at one thing a recording (or something beside it) needs. Each rejects with a TapedeckError. */
export interface Probes {
  write(signal: AbortSignal): Promise<void>;
  multipart(signal: AbortSignal): Promise<void>;
  rewriteFirstPart(signal: AbortSignal): Promise<void>;
  read(signal: AbortSignal): Promise<void>;
  list(signal: AbortSignal): Promise<void>;
  sign(signal: AbortSignal): Promise<void>;
  delete(signal: AbortSignal): Promise<void>;
  /** Removes what is left (objects, uploads that are open), as far as that is allowed. */
  cleanUp(signal: AbortSignal): Promise<void>;
}

/** `prefix` in normal form. */
export function createProbes(driver: Driver, prefix: string): Probes {
  const nonce = randomUUID();
  const below = (name: string) => (prefix === '' ? name : `${prefix}/${name}`);
  let key = below(CHECK_NAME);
  /** Keys under which something may lie, and uploads that nobody completed. */
  const written = new Set<string>();
  const open = new Set<UploadToken>();

  /**
   * Tries under the usual name, and then under one that nobody has: with rights to create only, the object that the last
   * check left may not be replaced, and who may not look either takes it for the upload's own. A refusal of both is the
   * first one's.
   */
  const underFreeName = async (name: string, attempt: (key: string) => Promise<void>): Promise<void> => {
    const once = (candidate: string) => {
      written.add(candidate);
      return attempt(candidate);
    };
    try {
      await once(below(name));
    } catch (error) {
      const { code } = TapedeckError.from(error);
      if (!takenName.has(code)) throw error;
      await once(below(`${name}-${randomUUID()}`)).catch(() => {
        throw error;
      });
    }
  };
  const putPart = async (words: string, token: UploadToken, signal: AbortSignal): Promise<CompletedPart> => {
    const bytes = Buffer.from(words);
    const part = { number: 1, offset: 0, size: bytes.length, bytes: [bytes] };
    const receipt = await driver.putPart(token, part, { signal });
    return { number: 1, offset: 0, size: bytes.length, receipt };
  };
  const upload = async (target: string, words: readonly string[], signal: AbortSignal): Promise<void> => {
    const token = await driver.begin({ key: target, contentType: CONTENT_TYPE, isProbe: true }, { signal });
    open.add(token);
    let last: CompletedPart | undefined;
    for (const each of words) last = await putPart(each, token, signal);
    await driver.complete(token, last === undefined ? [] : [last], { signal });
    open.delete(token);
  };
  const readAll = async (from: string, signal: AbortSignal): Promise<string> =>
    text(await driver.get(from, undefined, { signal }));

  return {
    write: (signal) =>
      underFreeName(CHECK_NAME, async (target) => {
        await driver.put({ key: target, contentType: CONTENT_TYPE, isProbe: true }, Buffer.from(nonce), {
          signal,
        });
        key = target;
      }),
    multipart: (signal) =>
      underFreeName(`${CHECK_NAME}-multipart`, (target) => upload(target, [`once ${nonce}`], signal)),
    async rewriteFirstPart(signal) {
      if (!driver.capabilities.rewriteFirstPart) {
        throw new TapedeckError('NotSupported', 'This storage does not take part 1 twice.');
      }
      let target = '';
      await underFreeName(`${CHECK_NAME}-multipart`, (candidate) => {
        target = candidate;
        return upload(candidate, [`first ${nonce}`, `again ${nonce}`], signal);
      });
      const found = await readAll(target, signal).catch(() => undefined); // Reading is another step's matter.
      if (found !== undefined && found !== `again ${nonce}`) {
        throw new TapedeckError('PartMismatch', 'A part that was put twice kept its first bytes.');
      }
    },
    async read(signal) {
      const found = await readAll(key, signal);
      if (found !== nonce)
        throw new TapedeckError('Unknown', `${driver.url(key)} holds other bytes than written.`);
    },
    async list(signal) {
      for await (const info of driver.list(key, { signal })) if (info.key === key) return;
      throw new TapedeckError('NotFound', `${driver.url(key)} was written but is not listed.`);
    },
    async sign(signal) {
      if (driver.signUrl === undefined)
        throw new TapedeckError('NotSupported', 'There are no signed links here.');
      const target = driver.url(key);
      const status = await firstByte(await driver.signUrl(key, SIGNED_SECONDS), target, signal);
      if (status >= 200 && status < 300) return;
      const hint = status === 403 ? ': a link opens only what its signer may read' : '';
      throw new TapedeckError('StorageDenied', `A signed link to ${target} answers ${status}${hint}.`);
    },
    async delete(signal) {
      await driver.delete(key, { signal });
    },
    async cleanUp(signal) {
      // One that may not be dropped says nothing about the next: rights differ, and some of them are gone by now.
      for (const token of open) await driver.abort(token, { signal }).catch(() => undefined);
      for (const each of written) await driver.delete(each, { signal }).catch(() => undefined);
    },
  };
}
