import type { Capabilities } from '../../driver.ts';
import { multipartCapabilities } from '../multipart-capabilities.ts';

/** Of the XML API's multipart uploads. */
export const gcsCapabilities: Capabilities = multipartCapabilities;

/** A session takes these until its end: https://cloud.google.com/storage/docs/resumable-uploads */
export const sessionMultiple = 256 * 1024;

/** Of a resumable session, which is one stream; the limits of its parts are ours. */
export const gcsResumableCapabilities: Capabilities = {
  ...gcsCapabilities,
  minPartSize: sessionMultiple,
  sequence: { multiple: sessionMultiple },
  replaceParts: false,
  rewriteFirstPart: false,
};
