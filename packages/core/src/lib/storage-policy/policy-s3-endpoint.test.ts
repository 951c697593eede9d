import { expect, it } from 'vitest';
import { isAmazon, partitionOf } from './policy-s3-endpoint.ts';

it.each([
  [undefined, 'aws'],
  ['eu-central-1', 'aws'],
  ['cn-north-1', 'aws-cn'],
  ['us-gov-west-1', 'aws-us-gov'],
  ['eusc-de-east-1', 'aws-eusc'],
])('the region %s belongs to %s', (region, partition) => {
  expect(partitionOf(region)).toBe(partition);
});

it.each([
  [undefined, true],
  ['https://s3.eu-central-1.amazonaws.com', true],
  ['https://s3.cn-north-1.amazonaws.com.cn', true],
  ['https://s3.eusc-de-east-1.amazonaws.eu', true],
  ['https://amazonaws.com.evil.example', false],
  ['https://s3.example.com', false],
])('the endpoint %s is Amazon’s: %s', (endpoint, is) => {
  expect(isAmazon(endpoint)).toBe(is);
});
