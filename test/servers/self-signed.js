import { generateKeyPairSync, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';
/**
 * A certificate that vouches for itself, with dates and names of one's choice: an X.509 v3 structure written down by hand
 * (RFC 5280, 4.1), so that tests of expired ones need no tool that can turn back the time.
 */
export function makeSelfSigned({ names, validFrom, validTo }) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const algorithm = sequence(oid('2a8648ce3d040302')); // ecdsa-with-SHA256
  const name = sequence(set(sequence(oid('550403'), der(0x0c, Buffer.from('tapedeck test'))))); // commonName
  const hosts = names.map((each) =>
    isIPv4(each) ? der(0x87, Buffer.from(each.split('.').map(Number))) : der(0x82, Buffer.from(each)),
  );
  const extensions = sequence(
    sequence(oid('551d11'), der(0x04, sequence(...hosts))), // subjectAltName
    sequence(
      oid('551d13'),
      der(0x01, Buffer.from([0xff])),
      der(0x04, sequence(der(0x01, Buffer.from([0xff])))),
    ),
  );
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))), // version 3
    der(0x02, Buffer.from([0x01, ...Buffer.from(String(Date.now()))])), // serial number
    algorithm,
    name,
    sequence(
      time(validFrom ?? new Date('2020-01-01T00:00:00Z')),
      time(validTo ?? new Date('2099-12-31T00:00:00Z')),
    ),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  );
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', body, privateKey)]));
  const base64 = sequence(body, algorithm, signature).toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
/** Tag, length, contents: X.690, 8.1. */
function der(tag, contents) {
  const { length } = contents;
  const bytes =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...bytes]), contents]);
}
const sequence = (...items) => der(0x30, Buffer.concat(items));
const set = (item) => der(0x31, item);
const oid = (hex) => der(0x06, Buffer.from(hex, 'hex'));
/** GeneralizedTime in every year: those before 2050 should be UTCTime, which nobody insists on. */
const time = (date) => der(0x18, Buffer.from(`${date.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`));
//# sourceMappingURL=self-signed.js.map
