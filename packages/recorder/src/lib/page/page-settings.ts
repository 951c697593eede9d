/** What whoever runs Tapedeck decides about pages, and no recording can. */
export interface PageSettings {
  /** Which addresses besides the public ones they may visit; see `createVisitRules`. */
  readonly visit: string;
  /** WebRTC may use UDP, past the proxy that keeps pages from private addresses. */
  readonly directMedia: boolean;
}

/** From `TAPEDECK_PAGE_VISIT` and `TAPEDECK_PAGE_MEDIA` (`Direct` or `Proxied`) of the environment. */
export function readPageSettings(environment: NodeJS.ProcessEnv = process.env): PageSettings {
  return {
    visit: environment.TAPEDECK_PAGE_VISIT ?? '',
    directMedia: environment.TAPEDECK_PAGE_MEDIA === 'Direct',
  };
}
