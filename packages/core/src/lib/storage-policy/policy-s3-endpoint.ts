/** The parts of AWS by how their regions begin: https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html */
const partitions = [
  { start: 'cn-', partition: 'aws-cn', domain: 'amazonaws.com.cn' },
  { start: 'us-gov-', partition: 'aws-us-gov', domain: 'amazonaws.com' },
  { start: 'eusc-', partition: 'aws-eusc', domain: 'amazonaws.eu' },
] as const;

const ofRegion = (region: string | undefined) => partitions.find(({ start }) => region?.startsWith(start));

/** No endpoint, or one of Amazon's. */
export function isAmazon(endpoint: string | undefined): boolean {
  return endpoint === undefined || /\.amazonaws\.(com|com\.cn|eu)$/.test(hostOf(endpoint));
}

/** The second field of an ARN. */
export function partitionOf(region: string | undefined): string {
  return ofRegion(region)?.partition ?? 'aws';
}

/** As KMS knows S3: `s3.eu-central-1.amazonaws.com`. */
export function serviceHost(region: string): string {
  return `s3.${region}.${ofRegion(region)?.domain ?? 'amazonaws.com'}`;
}

/** The host of an http or https URL without user info, which is all that an endpoint may be; this package knows no URL. */
export function hostOf(endpoint: string | undefined): string {
  return /^https?:\/\/(\[[^\]]*\]|[^/:?#]*)/.exec(endpoint ?? '')?.[1]?.toLowerCase() ?? '';
}
