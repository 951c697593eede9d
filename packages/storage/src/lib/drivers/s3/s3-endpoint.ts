import type { S3Config } from './s3-config.ts';

/** Amazon's domains by how a region begins (https://docs.aws.amazon.com/general/latest/gr/s3.html). */
const amazonDomains = [
  ['cn-', 'amazonaws.com.cn'],
  ['eusc-', 'amazonaws.eu'],
] as const;

/** The address that is asked, for people. */
export function describeS3Endpoint({ endpoint, region }: Pick<S3Config, 'endpoint' | 'region'>): string {
  if (endpoint !== undefined) {
    const { origin, pathname } = new URL(endpoint);
    return pathname === '/' ? origin : `${origin}${pathname}`;
  }
  if (region === undefined) return 'https://s3.amazonaws.com';
  const [, domain] = amazonDomains.find(([start]) => region.startsWith(start)) ?? ['', 'amazonaws.com'];
  return `https://s3.${region}.${domain}`;
}
