import { getCACertificates, setDefaultCACertificates } from 'node:tls';

/** This process trusts these certificates too, until the function that is given is called. */
export function trust(certificates: readonly string[]): () => void {
  const before = getCACertificates('default');
  setDefaultCACertificates([...before, ...certificates]);
  return () => setDefaultCACertificates(before);
}
