import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { AppError } from "../errors.ts";
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
 * Seals with AES-256-GCM: the first master key seals, all of them open. A key is replaced by putting a new one behind it, and in front of
 * it once every process has both; what the old one sealed is sealed anew then.
 *
 * @throws RangeError for a malformed list of keys
 */
export function createSealer(masterKeys: readonly MasterKey[]): Sealer {
  const [current] = masterKeys;
  if (!current || masterKeys.some(({ id, key }) => !MASTER_KEY_ID.test(id) || key.length !== MASTER_KEY_BYTES))
    throw new RangeError("Master keys are malformed: expected one or more, each with an id and 32 bytes.");
  const head = toHead(current.id);

  return {
    canSeal: true,
    seal(purpose, plain) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv("aes-256-gcm", current.key, iv).setAAD(toContext(head, purpose));
      const body = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([head, iv, body, cipher.getAuthTag()]);
    },
    open: createOpen(masterKeys),
    isCurrent: (sealed) => readMasterKeyId(sealed) === current.id,
  };
}

/**
 * Seals nothing, and opens what these master keys sealed. For a database that several machines share, where no master key was given: one
 * that this machine made up would be unknown to the others, and be gone with its disk.
 */
export function createOpener(masterKeys: readonly MasterKey[]): Sealer {
  return {
    canSeal: false,
    seal() {
      throw new AppError(
        "master_key_missing",
        "This needs a secret to be kept, and MASTER_KEYS, which secrets in a shared database are sealed with, is not set. Ask the operator to set it.",
      );
    },
    open: createOpen(masterKeys),
    isCurrent: () => true,
  };
}

function createOpen(masterKeys: readonly MasterKey[]): Sealer["open"] {
  const byId = new Map(masterKeys.map(({ id, key }) => [id, key]));
  return function open(purpose, sealed) {
    const id = readMasterKeyId(sealed);
    if (id === undefined) throw new Error(`What is stored for ${purpose} is not sealed.`);
    const key = byId.get(id);
    if (!key)
      throw new AppError(
        "master_key_missing",
        `A secret was sealed with the master key ${id}, which this process does not have.`,
      );
    const start = 2 + id.length;
    const end = sealed.length - TAG_BYTES;
    const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(start, start + IV_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(toContext(toHead(id), purpose)).setAuthTag(sealed.subarray(end));
    return Buffer.concat([decipher.update(sealed.subarray(start + IV_BYTES, end)), decipher.final()]);
  };
}
