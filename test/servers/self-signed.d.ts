export interface SelfSigned {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}
interface Wish {
  /** Host names and IPv4 addresses that it is for. */
  readonly names: readonly string[];
  readonly validFrom?: Date;
  readonly validTo?: Date;
}
/**
 * A certificate that vouches for itself, with dates and names of one's choice: an X.509 v3 structure written down by hand
 * (RFC 5280, 4.1), so that tests of expired ones need no tool that can turn back the time.
 */
export declare function makeSelfSigned({ names, validFrom, validTo }: Wish): SelfSigned;
//# sourceMappingURL=self-signed.d.ts.map
