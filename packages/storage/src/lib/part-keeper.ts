import { TapedeckError } from '@tapedeck/core';
import { needsPut, type PartRecord } from './part-list.ts';
import type { Spool } from './spool.ts';
import type { UnitMemory } from './unit-memory.ts';

/** Kept in memory, where there is no scratch, for the case that a stale put arrives late. */
const MAX_SUSPECTS_IN_MEMORY = 2;
/** Kept on scratch for that, besides the parts that wait. */
const MAX_SUSPECTS_ON_SPOOL = 16;

/**
 * Decides which parts stay in memory and which go to scratch. Part 1 always stays in memory: it gets a new head
 * at the end. One operation on scratch runs at a time, so that a removal cannot overtake the write before it.
 */
export interface PartKeeper {
  /** Of parts that wait on scratch. */
  readonly bytesSpooled: number;
  /** Writes a part as it is now; a sealed one leaves memory. Rejects like `Spool.write`. */
  toSpool(part: PartRecord): Promise<void>;
  /** All of these, in this order, as far as they fit; what does not stays in memory. */
  allToSpool(parts: readonly PartRecord[]): Promise<void>;
  read(number: number): Promise<readonly Uint8Array[]>;
  /**
   * The storage holds the part as it is: memory lets it go, unless a stale put of it may still arrive. Says how many bytes
   * are left to the collector.
   */
  release(part: PartRecord): number;
  /** The journal says so too: scratch lets it go. Never rejects. */
  forget(part: PartRecord): Promise<void>;
  clear(): Promise<void>;
  /** Resolves when nothing runs on scratch. */
  settled(): Promise<void>;
}

export function createPartKeeper(spool: Spool | undefined, memory: UnitMemory): PartKeeper {
  let running: Promise<unknown> = Promise.resolve();
  let suspects: PartRecord[] = [];

  const serial = <T>(operation: () => Promise<T>): Promise<T> => {
    const done = running.then(operation);
    running = done.catch(() => undefined); // The caller hears of it.
    return done;
  };
  const toSpool = (part: PartRecord, only?: { readonly revision: number }): Promise<void> =>
    serial(async () => {
      if (spool === undefined || part.bytes === undefined) return;
      if (only !== undefined && only.revision !== part.revision) return;
      if (part.spooled !== part.revision) {
        if (!needsPut(part) && !part.suspect) return;
        const { number, offset, size, revision } = part;
        // It may still be read here when the storage has it.
        memory.disown(part.bytes);
        await spool.write({ number, offset, size, revision, bytes: [...part.bytes] });
        part.spooled = revision;
      }
      if (part.sealed && part.number > 1 && part.spooled === part.revision) part.bytes = undefined;
    });
  const keepSuspect = (part: PartRecord): void => {
    suspects = [...suspects.filter((other) => other !== part), part];
    if (spool === undefined) {
      for (const other of suspects.splice(0, suspects.length - MAX_SUSPECTS_IN_MEMORY))
        other.bytes = undefined;
    } else if (suspects.length > MAX_SUSPECTS_ON_SPOOL) {
      part.bytes = undefined;
    } else {
      toSpool(part).catch(() => {
        part.bytes = undefined; // No room to be careful; the part itself is stored.
      });
    }
  };

  return {
    get bytesSpooled() {
      return spool?.bytes ?? 0;
    },
    toSpool: (part) => toSpool(part),
    async allToSpool(parts) {
      // A whole part 1 that changes while it waits for its turn has got its final head, and goes after the others.
      const wholeHead = parts.find(({ number, sealed }) => number === 1 && sealed);
      const only = wholeHead && { revision: wholeHead.revision };
      try {
        for (const part of parts) await toSpool(part, part === wholeHead ? only : undefined);
      } catch {
        // What does not fit stays in memory; `append` says so when there is no room there either.
      }
    },
    async read(number) {
      if (spool === undefined)
        throw new TapedeckError('Unknown', `Part ${number} is neither in memory nor on scratch.`);
      return (await spool.read(number)).bytes;
    },
    release(part) {
      const { bytes, number, size } = part;
      if (number === 1 || bytes === undefined) return 0;
      if (part.suspect) {
        keepSuspect(part);
        return size;
      }
      part.bytes = undefined;
      return memory.giveBack(bytes);
    },
    async forget(part) {
      await serial(async () => {
        if (part.spooled === undefined || part.suspect || (part.stored?.revision ?? -1) < part.spooled)
          return;
        await spool?.remove(part.number);
        delete part.spooled;
      }).catch(() => undefined); // A file too many is sent again by whoever finds it.
    },
    clear: () => serial(async () => spool?.clear()),
    async settled() {
      await running;
    },
  };
}
