import { brokenAzure } from './azure-blob.ts';
import type { BrokenSetups } from './broken-setup.ts';
import { brokenLocal } from './local.ts';
import { brokenS3 } from './s3.ts';

/** In the order of the page that is made of them. */
export const providers: readonly BrokenSetups[] = [brokenS3, brokenAzure, brokenLocal];
