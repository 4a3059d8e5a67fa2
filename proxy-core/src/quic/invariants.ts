/**
 * What RFC 8999 promises of the long header of every version, now and later. Connection ids are latin1 text, so that they can be keys.
 */
export type LongHeader = { version: number; dcid: string; scid: string };

export const LONG_FORM = 0x80;
const IDS_AT = 5;

/** Null = it is cut short. To be asked of datagrams that begin with LONG_FORM set. */
export function readLongHeader(datagram: Buffer): LongHeader | null {
  const dcidLength = datagram[IDS_AT];
  if (dcidLength === undefined) return null;
  const dcidEnd = IDS_AT + 1 + dcidLength;
  const scidLength = datagram[dcidEnd];
  if (scidLength === undefined || dcidEnd + 1 + scidLength > datagram.length) return null;
  return {
    version: datagram.readUInt32BE(1),
    dcid: datagram.toString('latin1', IDS_AT + 1, dcidEnd),
    scid: datagram.toString('latin1', dcidEnd + 1, dcidEnd + 1 + scidLength),
  };
}

/** The destination id of a short header, whose length is not on the wire. Null = the datagram is too short for one. */
export const shortId = (datagram: Buffer, length: number): string | null =>
  datagram.length > length ? datagram.toString('latin1', 1, 1 + length) : null;
