import { TapedeckError } from '@tapedeck/core';

/** How a page's own document came, as far as it did. */
export interface PageAnswer {
  /** The page as people may see it. */
  readonly name: string;
  /** Chromium's: `net::ERR_CONNECTION_REFUSED`. */
  readonly errorText?: string | undefined;
  readonly isDownload?: boolean | undefined;
  readonly status?: number | undefined;
  /** The last host that the proxy kept the browser from while the document was awaited. */
  readonly refusedHost?: string | undefined;
}

const bodiless = 'net::ERR_HTTP_RESPONSE_CODE_FAILURE';

/** Why a page cannot be recorded, or undefined where it can. */
export function pageFailure({
  name,
  errorText,
  isDownload,
  status,
  refusedHost,
}: PageAnswer): TapedeckError | undefined {
  if (isDownload === true)
    return new TapedeckError(
      'SourceNotMedia',
      `${name} is a file to download and no page; record it as a Stream.`,
    );
  // An answer without a body is an error to Chromium too; its status says more.
  const failed = errorText !== undefined && errorText !== '' && errorText !== bodiless;
  if (refusedHost !== undefined && (failed || status === 403))
    return new TapedeckError(
      'PageRefused',
      `${name} leads to ${refusedHost}, a private, loopback, link-local or metadata address, which pages may not visit; whoever runs Tapedeck can allow it.`,
    );
  if (failed) return netFailure(name, errorText);
  if (status === undefined || status < 400)
    return errorText === bodiless ? netFailure(name, bodiless) : undefined;
  if (status === 401 || status === 403)
    return new TapedeckError(
      'SourceDenied',
      `${name} answers ${status}; give headers or cookies that it accepts.`,
    );
  if (status === 404 || status === 410)
    return new TapedeckError('SourceNotFound', `${name} answers ${status}; check the address.`);
  return new TapedeckError('SourceUnreachable', `${name} answers ${status}.`);
}

function netFailure(name: string, errorText: string): TapedeckError {
  const word = errorText.replace(/^net::/, '');
  if (/^ERR_CERT_|^ERR_SSL_/.test(word))
    return new TapedeckError(
      'PageCertificateInvalid',
      `${name} shows a certificate that the browser does not accept (${word}); correct the certificate.`,
    );
  if (word === 'ERR_ABORTED')
    return new TapedeckError('SourceNotMedia', `${name} shows nothing (${word}); is it a page?`);
  return new TapedeckError('SourceUnreachable', `${name} cannot be reached (${word}).`);
}
