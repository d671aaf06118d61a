import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { Sealer } from "./seal.ts";

/** What seals. The id stands in front of whatever it sealed, so that it is found again after others were put before it. */
export interface MasterKey {
  /** 1 to 32 characters of `A-Z a-z 0-9 _ -`. */
  readonly id: string;
  /** 32 random bytes. */
  readonly key: Uint8Array;
}

const VERSION = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const MASTER_KEY_ID = /^[\w-]{1,32}$/;
export const MASTER_KEY_BYTES = 32;

/** Which master key sealed these bytes. Undefined when they were never sealed. */
export function readMasterKeyId(sealed: Uint8Array): string | undefined {
  const [version, length = 0] = sealed;
  if (version !== VERSION || sealed.length < 2 + length + IV_BYTES + TAG_BYTES) return undefined;
  const id = Buffer.from(sealed.subarray(2, 2 + length)).toString("latin1");
  return MASTER_KEY_ID.test(id) ? id : undefined;
}

const toHead = (id: string) => Buffer.concat([Buffer.from([VERSION, id.length]), Buffer.from(id, "latin1")]);
/** What is sealed along: which key, and what for. */
const toContext = (head: Uint8Array, purpose: string) => Buffer.concat([head, Buffer.from(`\n${purpose}`)]);

/**
 * Seals with AES-256-GCM: the first master key seals, all of them open. A key is replaced by putting a new one in front; what the old one
 * sealed is sealed anew at the next start.
 *
 * @throws RangeError for a malformed list of keys
 */
export function createSealer(masterKeys: readonly MasterKey[]): Sealer {
  const [current] = masterKeys;
  if (!current || masterKeys.some(({ id, key }) => !MASTER_KEY_ID.test(id) || key.length !== MASTER_KEY_BYTES))
    throw new RangeError("Master keys are malformed: expected one or more, each with an id and 32 bytes.");
  const byId = new Map(masterKeys.map(({ id, key }) => [id, key]));
  const head = toHead(current.id);

  return {
    seal(purpose, plain) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv("aes-256-gcm", current.key, iv).setAAD(toContext(head, purpose));
      const body = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([head, iv, body, cipher.getAuthTag()]);
    },
    open(purpose, sealed) {
      const id = readMasterKeyId(sealed);
      if (id === undefined) throw new Error(`What is stored for ${purpose} is not sealed.`);
      const key = byId.get(id);
      if (!key)
        throw new Error(`What is stored for ${purpose} was sealed with the master key ${id}, which is not here.`);
      const start = 2 + id.length;
      const end = sealed.length - TAG_BYTES;
      const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(start, start + IV_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(toContext(toHead(id), purpose)).setAuthTag(sealed.subarray(end));
      return Buffer.concat([decipher.update(sealed.subarray(start + IV_BYTES, end)), decipher.final()]);
    },
    isCurrent: (sealed) => readMasterKeyId(sealed) === current.id,
  };
}
