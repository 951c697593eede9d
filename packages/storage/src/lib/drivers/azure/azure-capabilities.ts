import type { Capabilities } from '../../driver.ts';

const MiB = 1024 * 1024;

/** https://learn.microsoft.com/azure/storage/blobs/scalability-targets */
export const azureCapabilities: Capabilities = {
  minPartSize: 1,
  maxPartSize: 4000 * MiB,
  maxParts: 50_000,
  equalParts: false,
  replaceParts: true,
  rewriteFirstPart: true,
  // A block can be staged for any blob at any time: see docs/decisions/009-azure-block-ids.md.
  refusesLateParts: false,
  // The service can (Put Block From URL); the driver has no call for it.
  serverSideCopy: false,
  signUrls: true,
};
