import { gzipSync } from 'node:zlib';
import {
  type CheckSpec,
  maxSpecVariableBytes,
  type RunDocument,
  specVariable,
  TapedeckError,
} from '@tapedeck/core';

/**
 * All annotations of an object together may be 256 KiB long. A spec is some 2 kB, and 110 B for each part of a file that
 * an earlier run left open: this holds the journal of a file of about 15 GB.
 */
const maxAnnotationBytes = 200 * 1024;
/**
 * An object may be 1.5 MiB long, and a program's environment 2 MiB. A part takes some 30 B to 45 B here: this holds the
 * journals of some 20,000, twice what one file can have.
 */
const maxEnvironmentBytes = 900 * 1024;

/** How a spec gets into its pod: as an annotation that is mounted as a file, or in its environment. */
export type PodDocument =
  | { readonly annotation: string }
  | { readonly environment: readonly { readonly name: string; readonly value: string }[] };

/** Rejects with `NotSupported` what does not fit into a pod. */
export function podDocument(document: RunDocument | CheckSpec): PodDocument {
  const text = JSON.stringify(document);
  if (Buffer.byteLength(text) <= maxAnnotationBytes) return { annotation: text };
  const packed = gzipSync(text).toString('base64');
  if (packed.length > maxEnvironmentBytes) {
    throw new TapedeckError(
      'NotSupported',
      `the files that earlier attempts left open have too many parts for one pod (${packed.length} bytes of at most ${maxEnvironmentBytes}); record with a shorter splitEvery`,
    );
  }
  const count = Math.ceil(packed.length / maxSpecVariableBytes);
  return {
    environment: Array.from({ length: count }, (_, index) => ({
      name: specVariable(index + 1),
      value: packed.slice(index * maxSpecVariableBytes, (index + 1) * maxSpecVariableBytes),
    })),
  };
}
