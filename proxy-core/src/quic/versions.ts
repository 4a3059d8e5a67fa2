/** What differs between the versions of QUIC as far as Initial packets go: RFC 9001 5.2 and RFC 9369 3. */
export type QuicVersion = {
  id: number;
  salt: Buffer;
  labels: { key: string; iv: string; hp: string };
  /** the two type bits of long headers */
  types: { initial: number; zeroRtt: number; handshake: number; retry: number };
};

export const QUIC_V1: QuicVersion = {
  id: 1,
  salt: Buffer.from('38762cf7f55934b34d179ae6a4c80cadccbb7f0a', 'hex'),
  labels: { key: 'quic key', iv: 'quic iv', hp: 'quic hp' },
  types: { initial: 0, zeroRtt: 1, handshake: 2, retry: 3 },
};
export const QUIC_V2: QuicVersion = {
  id: 0x6b33_43cf,
  salt: Buffer.from('0dede3def700a6db819381be6e269dcbf9bd2ed9', 'hex'),
  labels: { key: 'quicv2 key', iv: 'quicv2 iv', hp: 'quicv2 hp' },
  types: { initial: 1, zeroRtt: 2, handshake: 3, retry: 0 },
};

export const quicVersionOf = (id: number): QuicVersion | null => (id === QUIC_V1.id ? QUIC_V1 : id === QUIC_V2.id ? QUIC_V2 : null);
