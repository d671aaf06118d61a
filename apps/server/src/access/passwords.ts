import { argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { createHashGate, type HashGate } from "./hash-gate.ts";
import { prepare } from "./password-rules.ts";

/** What a hash costs. */
export interface PasswordCost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly parallelism: number;
}

export interface PasswordCheck {
  readonly isRight: boolean;
  /** It is right, and was hashed at another cost than today's: to be hashed again while it is known. */
  readonly isStale: boolean;
}

export interface Passwords {
  /** Gives `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. The password must have passed the rules. */
  hash(password: string): Promise<string>;
  /** Undefined stands for a user who does not exist: it takes as long as any, and is never right. */
  check(password: string, encoded: string | undefined): Promise<PasswordCheck>;
}

export interface PasswordsOptions {
  readonly cost?: PasswordCost;
  readonly gate?: HashGate;
}

interface Encoded {
  readonly cost: PasswordCost;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const COST: PasswordCost = { memoryKib: 19 * 1024, passes: 2, parallelism: 1 };
const SALT_SIZE_BYTES = 16;
const HASH_SIZE_BYTES = 32;

const ENCODED = /^\$argon2id\$v=19\$m=(\d{1,8}),t=(\d{1,4}),p=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

const derive = promisify(argon2);

const toBase64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64").replaceAll("=", "");

function encode({ cost, salt, hash }: Encoded): string {
  const { memoryKib, passes, parallelism } = cost;
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${parallelism}$${toBase64(salt)}$${toBase64(hash)}`;
}

function parse(encoded: string): Encoded {
  const [, memory, passes, parallelism, salt, hash] = ENCODED.exec(encoded) ?? [];
  if (salt === undefined || hash === undefined) throw new Error("The hash of a password is stored in an unknown form.");
  const cost = { memoryKib: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  return { cost, salt: Buffer.from(salt, "base64"), hash: Buffer.from(hash, "base64") };
}

const isSame = (left: PasswordCost, right: PasswordCost) =>
  left.memoryKib === right.memoryKib && left.passes === right.passes && left.parallelism === right.parallelism;

/**
 * Hashes passwords with argon2id. The cost stands in each hash, so it can be raised: old hashes are checked at theirs and made anew at the
 * next login.
 *
 * @example const passwords = createPasswords();
 * const { isRight } = await passwords.check("correct horse battery", user?.passwordHash);
 */
export function createPasswords({ cost = COST, gate = createHashGate() }: PasswordsOptions = {}): Passwords {
  const stranger: Encoded = { cost, salt: randomBytes(SALT_SIZE_BYTES), hash: randomBytes(HASH_SIZE_BYTES) };

  function run(password: string, { cost: { memoryKib, passes, parallelism }, salt, hash }: Encoded): Promise<Buffer> {
    const parameters = { message: prepare(password), nonce: salt, parallelism, tagLength: hash.length };
    return gate.pass(() => derive("argon2id", { ...parameters, memory: memoryKib, passes }));
  }

  return {
    async hash(password) {
      const salt = randomBytes(SALT_SIZE_BYTES);
      const hash = await run(password, { cost, salt, hash: Buffer.alloc(HASH_SIZE_BYTES) });
      return encode({ cost, salt, hash });
    },
    async check(password, encoded) {
      const expected = encoded === undefined ? stranger : parse(encoded);
      const isEqual = timingSafeEqual(await run(password, expected), expected.hash);
      const isRight = isEqual && encoded !== undefined;
      return { isRight, isStale: isRight && !isSame(expected.cost, cost) };
    },
  };
}
