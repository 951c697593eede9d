/** For any host and any display (FamilyWild of X11/Xauth.h). */
const anyFamily = 0xffff;
const protocol = 'MIT-MAGIC-COOKIE-1';

/** An Xauthority file with one cookie of 16 bytes. */
export function xAuthority(cookie: Uint8Array): Buffer {
  const family = Buffer.alloc(2);
  family.writeUInt16BE(anyFamily);
  // Address, number of the display (both of any), name of the protocol, its data.
  const fields = [Buffer.alloc(0), Buffer.alloc(0), Buffer.from(protocol), Buffer.from(cookie)];
  return Buffer.concat([family, ...fields.flatMap(counted)]);
}

function counted(field: Buffer): Buffer[] {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(field.length);
  return [length, field];
}
