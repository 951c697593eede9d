/** What every recorder's pod gets, from the operator's own settings. */
export interface RecorderSettings {
  readonly image: string;
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never' | undefined;
  readonly imagePullSecrets?: readonly { readonly name: string }[] | undefined;
  /** Where runs report: `https://tapedeck.tapedeck-system.svc:8443`, without a path. */
  readonly reportUrl: string;
  /** Certificates (PEM) that the address above is held to. */
  readonly reportCa: string;
  /** For the parts of one file that wait while their storage is away. */
  readonly scratchBytes: number;
  /** Where a recording asks for nothing else. */
  readonly resources: {
    readonly requests?: Readonly<Record<string, string>> | undefined;
    readonly limits?: Readonly<Record<string, string>> | undefined;
  };
  /** Of recordings of pages, which bring a browser. */
  readonly pages?:
    | {
        /** Private addresses and names that they may visit. */
        readonly visit: readonly string[];
        readonly media: 'Proxied' | 'Direct';
        readonly resources: RecorderSettings['resources'];
      }
    | undefined;
  readonly nodeSelector?: Readonly<Record<string, string>> | undefined;
  readonly tolerations?: readonly Readonly<Record<string, unknown>>[] | undefined;
  readonly priorityClassName?: string | undefined;
}

/** Audience of the token that a run reports with: it opens nothing else, and no other token opens the endpoint. */
export const reportAudience = 'tapedeck.dev/report';
