import type { Capabilities } from '../../driver.ts';
import { multipartCapabilities } from '../multipart-capabilities.ts';
import type { S3Config } from './s3-config.ts';

/** Amazon's, which the others share. */
export const s3Capabilities: Capabilities = multipartCapabilities;

/** Of one storage: as its service is known, and as its spec says. */
export function capabilitiesOf({
  equalParts,
  replaceParts,
  customerKey,
}: Pick<S3Config, 'equalParts' | 'replaceParts' | 'customerKey'>): Capabilities {
  return {
    ...s3Capabilities,
    equalParts,
    replaceParts,
    rewriteFirstPart: replaceParts,
    // Whoever opens a link has no key to send along.
    signUrls: customerKey === undefined,
  };
}
