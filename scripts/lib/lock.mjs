import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure, systemCode } from './failure.mjs';

/** Longer than any cold set-up takes. */
const waitLimitMs = 20 * 60_000;
const pollMs = 200;

/** @param {string} path */
function holderIsAlive(path) {
  try {
    process.kill(Number(readFileSync(path, 'utf8')), 0);
    return true;
  } catch (error) {
    // EPERM: alive, but another user's. Anything else: the holder, or the lock itself, is gone.
    return systemCode(error) === 'EPERM';
  }
}

/**
 * Runs `work` while no other process of this checkout does: two commands started at once must not install over
 * each other. A lock whose holder died is taken over.
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(path, work) {
  mkdirSync(dirname(path), { recursive: true });
  const deadline = Date.now() + waitLimitMs;
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw new Failure(`${path} cannot be written: ${error}.`);
      if (!holderIsAlive(path)) rmSync(path, { force: true });
      else if (Date.now() > deadline)
        throw new Failure(`Another set-up holds ${path}; end it and try again.`);
      else await sleep(pollMs);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}
