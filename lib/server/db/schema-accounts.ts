import type { ColumnType } from 'kysely';

/** may be left out when a row is written */
type Defaulted<T> = ColumnType<T, T | undefined>;

// The four tables of better-auth, under the names that it expects.
export type UserTable = {
  id: string;
  name: string;
  email: string;
  emailVerified: number;
  image: string | null;
  role: string;
  /** where its role holds; null is everywhere */
  selector: Defaulted<string | null>;
  /** epoch ms; null: may sign in */
  disabledAt: Defaulted<number | null>;
  /** `oidc`: the provider's groups decide the role */
  managedBy: Defaulted<string | null>;
  createdAt: string;
  updatedAt: string;
};
export type SessionTable = {
  id: string;
  token: string;
  userId: string;
  expiresAt: string;
  ipAddress: string | null;
  userAgent: string | null;
  createdAt: string;
  updatedAt: string;
  /** how the person came in: password, passkey, oidc, link, setup, demo */
  way: Defaulted<string>;
  /** to the minute */
  seenAt: Defaulted<number>;
  /** when this session showed a second factor last */
  factorAt: Defaulted<number | null>;
};
/** `id`: the credential's, base64url; `publicKey`: COSE, base64url; `transports`: JSON; `rpId`: the name it was made for */
export type PasskeysTable = {
  id: string;
  userId: string;
  name: string;
  publicKey: string;
  counter: number;
  transports: string;
  rpId: string;
  createdAt: number;
  lastUsedAt: number | null;
};
export type AccountTable = {
  id: string;
  accountId: string;
  providerId: string;
  userId: string;
  accessToken: string | null;
  refreshToken: string | null;
  idToken: string | null;
  accessTokenExpiresAt: string | null;
  refreshTokenExpiresAt: string | null;
  scope: string | null;
  password: string | null;
  createdAt: string;
  updatedAt: string;
};
export type VerificationTable = { id: string; identifier: string; value: string; expiresAt: string; createdAt: string; updatedAt: string };
