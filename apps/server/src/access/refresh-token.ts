import { createHash, randomBytes } from "node:crypto";

const SIZE_BYTES = 32;
const TOKEN = /^rt_[\w-]{43}$/;

/** A new refresh token. 256 random bits: as a hash it can be kept without salt, since nobody can guess it. */
export const createRefreshToken = (): string => `rt_${randomBytes(SIZE_BYTES).toString("base64url")}`;

export const isRefreshToken = (text: string): boolean => TOKEN.test(text);

/** Lowercase hex SHA-256: the token itself is kept nowhere. */
export const toTokenHash = (token: string): string => createHash("sha256").update(token).digest("hex");
