import { expect, it } from 'vitest';
import { describeS3Endpoint } from './s3-endpoint.ts';

it.each([
  [undefined, undefined, 'https://s3.amazonaws.com'],
  [undefined, 'eu-central-1', 'https://s3.eu-central-1.amazonaws.com'],
  [undefined, 'cn-north-1', 'https://s3.cn-north-1.amazonaws.com.cn'],
  [undefined, 'eusc-de-east-1', 'https://s3.eusc-de-east-1.amazonaws.eu'],
  ['https://s3.example.com/', 'us-east-1', 'https://s3.example.com'],
  ['https://example.com/s3', undefined, 'https://example.com/s3'],
])('the endpoint %s in %s is shown as %s', (endpoint, region, shown) => {
  expect(describeS3Endpoint({ endpoint, region }, {})).toBe(shown);
});

it.each([
  [{ AWS_ENDPOINT_URL: 'https://vpce.example.com' }, 'https://vpce.example.com'],
  [
    { AWS_ENDPOINT_URL_S3: 'https://s3.vpce.example.com/', AWS_ENDPOINT_URL: 'https://x' },
    'https://s3.vpce.example.com',
  ],
  [
    { AWS_ENDPOINT_URL: 'https://x', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' },
    'https://s3.amazonaws.com',
  ],
  [{ AWS_REGION: 'eu-west-3' }, 'https://s3.eu-west-3.amazonaws.com'],
])('with %j in the environment it is %s', (env, shown) => {
  expect(describeS3Endpoint({ endpoint: undefined, region: undefined }, env)).toBe(shown);
  const own = 'https://s3.example.com';
  expect(describeS3Endpoint({ endpoint: own, region: 'us-east-1' }, env)).toBe(own);
});
