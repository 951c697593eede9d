import type { S3Config } from './s3-config.ts';

/** Amazon's domains by how a region begins (https://docs.aws.amazon.com/general/latest/gr/s3.html). */
const amazonDomains = [
  ['cn-', 'amazonaws.com.cn'],
  ['eusc-', 'amazonaws.eu'],
] as const;

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The address that is asked, for people and for a check of the way there: what the manifest says, else what the SDK takes
 * from the environment.
 */
export function describeS3Endpoint(
  config: Pick<S3Config, 'endpoint' | 'region'>,
  env: Env = process.env,
): string {
  const endpoint = config.endpoint ?? environmentEndpoint(env);
  if (endpoint !== undefined) {
    const { origin, pathname } = new URL(endpoint);
    return pathname === '/' ? origin : `${origin}${pathname}`;
  }
  const region = config.region ?? (env.AWS_REGION || undefined);
  if (region === undefined) return 'https://s3.amazonaws.com';
  const [, domain] = amazonDomains.find(([start]) => region.startsWith(start)) ?? ['', 'amazonaws.com'];
  return `https://s3.${region}.${domain}`;
}

/** https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html; a profile may name one too, which is not looked up. */
function environmentEndpoint(env: Env): string | undefined {
  if (env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS?.toLowerCase() === 'true') return undefined;
  return [env.AWS_ENDPOINT_URL_S3, env.AWS_ENDPOINT_URL].find(
    (url) => url !== undefined && url !== '' && URL.canParse(url),
  );
}
