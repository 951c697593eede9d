/** No endpoint, or one of Amazon's. */
export function isAmazon(endpoint: string | undefined): boolean {
  return endpoint === undefined || /\.amazonaws\.(com|com\.cn|eu)$/.test(hostOf(endpoint));
}

/** The part of AWS that a region belongs to: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html */
export function partitionOf(region: string | undefined): 'aws' | 'aws-cn' | 'aws-eusc' | 'aws-us-gov' {
  if (region?.startsWith('cn-') === true) return 'aws-cn';
  if (region?.startsWith('eusc-') === true) return 'aws-eusc';
  return region?.startsWith('us-gov-') === true ? 'aws-us-gov' : 'aws';
}

/** The host of an http or https URL without user info, which is all that an endpoint may be; this package knows no URL. */
export function hostOf(endpoint: string | undefined): string {
  return /^https?:\/\/(\[[^\]]*\]|[^/:?#]*)/.exec(endpoint ?? '')?.[1]?.toLowerCase() ?? '';
}
