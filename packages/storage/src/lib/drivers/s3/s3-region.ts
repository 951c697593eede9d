/** A name of a region, not whatever else a server may put there. */
const regionName = /^[a-z0-9][a-z0-9-]{1,63}$/;

/**
 * The region that the answer says a bucket is in: the header that every answer of Amazon's carries, else the body of an
 * AuthorizationHeaderMalformed (https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html), else VersityGW's
 * and MinIO's words about the region that was expected.
 */
export function bucketRegion(error: unknown): string | undefined {
  const found = [
    property(property(property(error, '$response'), 'headers'), 'x-amz-bucket-region'),
    property(error, 'Region'),
    property(error, 'BucketRegion'),
    /expecting '([^']+)'/.exec(String(property(error, 'message')))?.[1],
  ];
  return found.find((each): each is string => typeof each === 'string' && regionName.test(each));
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
