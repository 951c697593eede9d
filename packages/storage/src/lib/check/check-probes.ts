import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { TapedeckError } from '@tapedeck/core';
import type { CompletedPart, Driver } from '../driver.ts';

/** What a check leaves for a moment, and for good where it may not delete: always the same name, so one object. */
const CHECK_NAME = '.tapedeck-check';
const CONTENT_TYPE = 'text/plain';
const SIGNED_SECONDS = 60;

/** One try at one thing a recording (or something beside it) needs. Each rejects with a TapedeckError. */
export interface Probes {
  /** Any answer will do. */
  connect(signal: AbortSignal): Promise<void>;
  write(signal: AbortSignal): Promise<void>;
  multipart(signal: AbortSignal): Promise<void>;
  rewriteFirstPart(signal: AbortSignal): Promise<void>;
  read(signal: AbortSignal): Promise<void>;
  list(signal: AbortSignal): Promise<void>;
  delete(signal: AbortSignal): Promise<void>;
  sign(signal: AbortSignal): Promise<void>;
  /** Removes what is left, as far as that is allowed. */
  cleanUp(signal: AbortSignal): Promise<void>;
}

/** `prefix` in normal form. */
export function createProbes(driver: Driver, prefix: string): Probes {
  const nonce = randomUUID();
  const below = (name: string) => (prefix === '' ? name : `${prefix}/${name}`);
  const key = below(CHECK_NAME);
  const written = new Set([key]);
  let open: unknown;
  /** What is under `key` is of this check. */
  let isOurs = true;

  const putPart = async (words: string, token: unknown, signal: AbortSignal): Promise<CompletedPart> => {
    const bytes = Buffer.from(words);
    const part = { number: 1, offset: 0, size: bytes.length, bytes: [bytes] };
    return {
      number: 1,
      offset: 0,
      size: bytes.length,
      receipt: await driver.putPart(token, part, { signal }),
    };
  };
  /** Opens an upload under a fixed name, or under one of its own where an object may not be replaced. */
  const begin = async (signal: AbortSignal): Promise<{ token: unknown; key: string }> => {
    const usual = below(`${CHECK_NAME}-multipart`);
    const opened = async (key: string) => {
      written.add(key);
      open = await driver.begin({ key, contentType: CONTENT_TYPE }, { signal });
      return { token: open, key };
    };
    return opened(usual).catch((error: unknown) => {
      if (TapedeckError.from(error).code !== 'AlreadyExists') throw error;
      return opened(below(`${CHECK_NAME}-${randomUUID()}`));
    });
  };
  /**
   * With rights to create only, an earlier check's object stays and is not replaced. That the service names this as the
   * one thing that is wrong says that all the rest is right.
   */
  const unlessThere = async (work: Promise<unknown>): Promise<boolean> => {
    try {
      await work;
      return true;
    } catch (error) {
      if (TapedeckError.from(error).code !== 'AlreadyExists') throw error;
      return false;
    }
  };
  const write = async (signal: AbortSignal) => {
    const putting = driver.put({ key, contentType: CONTENT_TYPE }, Buffer.from(nonce), { signal });
    isOurs = await unlessThere(putting);
  };
  const complete = async (token: unknown, parts: CompletedPart[], signal: AbortSignal): Promise<boolean> => {
    const isNew = await unlessThere(driver.complete(token, parts, { signal }));
    // Its parts would stay; where dropping them is not allowed either, the bucket's own rule takes them.
    if (!isNew) await driver.abort(token, { signal }).catch(() => undefined);
    open = undefined;
    return isNew;
  };
  const readAll = async (from: string, signal: AbortSignal): Promise<string> =>
    text(await driver.get(from, undefined, { signal }));

  return {
    async connect(signal) {
      try {
        await driver.head(key, { signal });
      } catch (error) {
        const { code } = TapedeckError.from(error);
        const silent = ['StorageUnreachable', 'StorageTimeout', 'StorageTlsFailed', 'Aborted'];
        // Whatever else is wrong, somebody answered; the next steps say what it is in the service's words.
        if (silent.includes(code)) throw error;
      }
    },
    write,
    async multipart(signal) {
      const { token } = await begin(signal);
      await complete(token, [await putPart(`once ${nonce}`, token, signal)], signal);
    },
    async rewriteFirstPart(signal) {
      if (!driver.capabilities.rewriteFirstPart) {
        throw new TapedeckError('NotSupported', 'This storage does not take part 1 twice.');
      }
      const upload = await begin(signal);
      await putPart(`first ${nonce}`, upload.token, signal);
      const second = await putPart(`again ${nonce}`, upload.token, signal);
      const isNew = await complete(upload.token, [second], signal);
      const found = await readAll(upload.key, signal).catch(() => undefined); // Reading is another step's matter.
      if (isNew && found !== undefined && found !== `again ${nonce}`) {
        throw new TapedeckError('PartMismatch', 'A part that was put twice kept its first bytes.');
      }
    },
    async read(signal) {
      const found = await readAll(key, signal);
      if (isOurs && found !== nonce)
        throw new TapedeckError('Unknown', `${driver.url(key)} holds other bytes than written.`);
    },
    async list(signal) {
      for await (const info of driver.list(key, { signal })) if (info.key === key) return;
      throw new TapedeckError('NotFound', `${driver.url(key)} was written but is not listed.`);
    },
    async delete(signal) {
      await driver.delete(key, { signal });
    },
    async sign(signal) {
      if (driver.signUrl === undefined)
        throw new TapedeckError('NotSupported', 'There are no signed links here.');
      await write(signal);
      const answer = await fetch(await driver.signUrl(key, SIGNED_SECONDS), { signal });
      await answer.arrayBuffer();
      if (!answer.ok) {
        throw new TapedeckError(
          'StorageDenied',
          `A signed link to ${driver.url(key)} answers ${answer.status}.`,
        );
      }
    },
    async cleanUp(signal) {
      if (open !== undefined) await driver.abort(open, { signal });
      for (const each of written) await driver.delete(each, { signal });
    },
  };
}
