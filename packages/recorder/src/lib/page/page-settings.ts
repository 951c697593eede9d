import { TapedeckError } from '@tapedeck/core';

/** What whoever runs Tapedeck decides about pages, and no recording can. */
export interface PageSettings {
  /** Which addresses besides the public ones they may visit; see `createVisitRules`. */
  readonly visit: string;
  /** WebRTC may use UDP, past the proxy that keeps pages from private addresses. */
  readonly directMedia: boolean;
}

/**
 * From `TAPEDECK_PAGE_VISIT` and `TAPEDECK_PAGE_MEDIA` (`Direct` or `Proxied`) of the environment. Throws `InvalidManifest`
 * for any other word of the second.
 */
export function readPageSettings(environment: NodeJS.ProcessEnv = process.env): PageSettings {
  const media = environment.TAPEDECK_PAGE_MEDIA || 'Proxied';
  if (media !== 'Direct' && media !== 'Proxied')
    throw new TapedeckError(
      'InvalidManifest',
      `TAPEDECK_PAGE_MEDIA is "${media.slice(0, 64)}"; write Direct or Proxied.`,
    );
  return { visit: environment.TAPEDECK_PAGE_VISIT ?? '', directMedia: media === 'Direct' };
}
