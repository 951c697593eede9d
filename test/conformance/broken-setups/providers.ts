import { brokenAzure } from './azure-blob.ts';
import type { BrokenSetups } from './broken-setup.ts';
import { brokenGcs } from './gcs.ts';
import { brokenLocal } from './local.ts';
import { brokenS3 } from './s3.ts';
import { brokenSftp } from './sftp.ts';

/** In the order of the page that is made of them. */
export const providers: readonly BrokenSetups[] = [brokenS3, brokenAzure, brokenGcs, brokenSftp, brokenLocal];
