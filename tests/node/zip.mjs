// A zip of stored (uncompressed) files, as small as it gets: enough for an upload.
const table = Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; ++k) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});
const crc32 = (bytes) => (bytes.reduce((crc, b) => table[(crc ^ b) & 0xff] ^ (crc >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0;

/** `files`: { name, text, mode }. */
export function makeZip(files) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const { name, text, mode = 0o644 } of files) {
    const nameBytes = Buffer.from(name);
    const content = Buffer.from(text);
    const common = Buffer.alloc(26);  // version … extra length, the same in both headers
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x0800, 2);  // names are UTF-8
    common.writeUInt16LE(0x21, 8);    // 1980-01-01
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(nameBytes.length, 22);
    parts.push(Buffer.from('PK\x03\x04', 'latin1'), common, nameBytes, content);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(((mode | 0o100000) << 16) >>> 0, 6);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02', 'latin1'), Buffer.from([20, 3]), common, rest, nameBytes);
    offset += 4 + common.length + nameBytes.length + content.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(listing.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, listing, Buffer.from('PK\x05\x06', 'latin1'), end]);
}
