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
  expect(describeS3Endpoint({ endpoint, region })).toBe(shown);
});
