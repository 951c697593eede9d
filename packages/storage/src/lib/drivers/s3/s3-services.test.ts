import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findS3Service, type S3Service, s3Services } from './s3-services.ts';

const page = readFileSync(new URL('../../../../../../docs/storage/s3.md', import.meta.url), 'utf8');

/** One line of the page's table. */
function row(service: S3Service): string {
  const { name, documentation, endpoint, region, equalParts, replaceParts, lacks } = service;
  const fromHost = service.host?.source.includes('<region>') === true;
  const cells = [
    `[${name}](${documentation})`,
    endpoint === '' ? 'none' : `\`${endpoint}\``,
    fromHost && endpoint !== '' ? "the endpoint's" : (region && `\`${region}\``) || "the environment's",
    equalParts ? 'equal' : 'growing',
    replaceParts ? 'index in front' : 'fragments',
    lacks.map((field) => `\`${field}\``).join(', ') || 'nothing',
  ];
  return `| ${cells.join(' | ')} |`;
}

it('the page about S3 shows the table as it is', () => {
  for (const service of s3Services) expect(page).toContain(row(service));
});

describe('a service is told by its endpoint', () => {
  it.each([
    // Amazon, with the region that the name holds.
    [undefined, 'Amazon S3', undefined],
    ['https://s3.amazonaws.com', 'Amazon S3', undefined],
    ['https://s3-accelerate.amazonaws.com', 'Amazon S3', undefined],
    ['https://s3.eu-central-1.amazonaws.com', 'Amazon S3', 'eu-central-1'],
    ['https://s3-eu-west-1.amazonaws.com', 'Amazon S3', 'eu-west-1'],
    ['https://s3.dualstack.ap-southeast-2.amazonaws.com', 'Amazon S3', 'ap-southeast-2'],
    ['https://s3-fips.us-gov-west-1.amazonaws.com', 'Amazon S3', 'us-gov-west-1'],
    ['https://s3-fips.dualstack.us-east-2.amazonaws.com', 'Amazon S3', 'us-east-2'],
    ['https://s3.cn-north-1.amazonaws.com.cn', 'Amazon S3', 'cn-north-1'],
    ['https://s3.eusc-de-east-1.amazonaws.eu', 'Amazon S3', 'eusc-de-east-1'],
    ['https://talks-123456789012.s3-accesspoint.us-west-2.amazonaws.com', 'Amazon S3', 'us-west-2'],
    ['https://bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com', 'Amazon S3', 'us-east-1'],
    // The others.
    ['https://fra1.digitaloceanspaces.com', 'DigitalOcean Spaces', 'fra1'],
    ['https://0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com', 'Cloudflare R2', 'auto'],
    ['https://0123456789abcdef0123456789abcdef.eu.r2.cloudflarestorage.com', 'Cloudflare R2', 'auto'],
    ['https://s3.us-west-004.backblazeb2.com', 'Backblaze B2', 'us-west-004'],
    ['https://storage.googleapis.com', 'Google Cloud Storage (XML API)', 'auto'],
    ['https://storage.europe-west3.rep.googleapis.com', 'Google Cloud Storage (XML API)', 'auto'],
    ['https://s3.wasabisys.com', 'Wasabi', 'us-east-1'],
    ['https://s3.eu-central-2.wasabisys.com', 'Wasabi', 'eu-central-2'],
    // Nobody's name, and names that only look like somebody's.
    ['http://127.0.0.1:7070', 'Any other server', 'us-east-1'],
    ['http://[::1]:7070', 'Any other server', 'us-east-1'],
    ['https://minio.example.com:9000', 'Any other server', 'us-east-1'],
    ['https://amazonaws.com.evil.example', 'Any other server', 'us-east-1'],
    ['https://s3-amazonaws.com', 'Any other server', 'us-east-1'],
    ['https://evilr2.cloudflarestorage.com', 'Any other server', 'us-east-1'],
    ['https://fra1.digitaloceanspaces.com.evil.example', 'Any other server', 'us-east-1'],
  ])('%s is %s, in %s', (endpoint, name, region) => {
    const found = findS3Service(endpoint);
    expect([found.service.name, found.region]).toEqual([name, region]);
  });

  it('by names that are told apart, the last taking what is left', () => {
    expect(new Set(s3Services.map(({ name }) => name)).size).toBe(s3Services.length);
    expect(s3Services.filter(({ host }) => host === undefined)).toEqual([s3Services.at(-1)]);
  });
});
