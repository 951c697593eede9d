/** A file of its own, so that what signs links is loaded where links are made; a bundle gives no names to a package that is loaded by itself. */
export { getSignedUrl } from '@aws-sdk/s3-request-presigner';
