import { headerNames, type TierLimits, type TierName, tiers } from "@comfy/contracts";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { BodyProof } from "./body-proof.ts";
import type { Authenticated, Caller, Via } from "./caller.ts";
import { checkSignature, isRead, openSignature, toPendingSignature } from "./check-signature.ts";
import type { ApiKey, KeyRing } from "./key-ring.ts";
import { limitsOfKey } from "./limits-of-key.ts";
import { isJwtShaped, type Sessions } from "./sessions.ts";
import { readBearer, readHeader, type SignedRequest } from "./signed-request.ts";

export interface Authenticate {
  /** Insists on proof: a signature, which whoever calls this spends, or a bearer token. */
  byProof(request: SignedRequest): Promise<Authenticated>;
  /** The same before the body has come: `proof` is what the body must be watched with, where a signature covers it. */
  byStream(request: Omit<SignedRequest, "body">): Promise<Authenticated & { readonly proof?: BodyProof }>;
  /**
   * The key alone suffices; proof is checked when there is some. The read may be repeated as it was sent; a signature of the first version
   * is to be spent all the same, because it would open anything else.
   */
  byKey(request: SignedRequest): Promise<Authenticated>;
  /** Refuses whoever is certainly nobody, from the headers alone: before anything of a body is read. */
  assertKnown(request: Pick<SignedRequest, "method" | "headers">): Promise<void>;
  /** Whether the key or the session that opened a stream is still one. */
  isStillWelcome(caller: Caller): Promise<boolean>;
}

export interface AuthenticateOptions {
  readonly keys: KeyRing;
  readonly clock: Clock;
  readonly limits?: Readonly<Record<TierName, TierLimits>>;
  /** Absent: nobody can log in. */
  readonly sessions?: Sessions;
}

type Headers = Pick<SignedRequest, "method" | "headers">;

/** Who a request names, before it is looked at whether it may. */
type Named =
  | { readonly type: "key"; readonly key: ApiKey }
  | { readonly type: "bearer"; readonly key: ApiKey }
  | { readonly type: "session"; readonly caller: Caller };

const SIGNS =
  "This key signs its requests (X-API-Key, X-Timestamp, X-Signature): it is not taken as a bearer token. A key of the mode bearer has a token.";
const BEARS = "This key is proven by its token in Authorization: Bearer, not by a signature.";

function assertSigns({ mode }: ApiKey): void {
  if (mode === "bearer") throw new AppError("missing_signature", BEARS);
}

function describeCaller(key: ApiKey, via: Via, limits: Readonly<Record<TierName, TierLimits>>): Caller {
  const { id: keyId, ownerId, userId, tier, owner, scopes, expiresAtMs } = key;
  return {
    ...{ ownerId, keyId, tier, scopes, via },
    limits: limitsOfKey(key, limits),
    ...(owner.tier !== tier && { ownerTier: owner.tier }),
    ...(userId !== undefined && { userId }),
    ...(expiresAtMs !== undefined && { expiresAtMs }),
  };
}

/**
 * Proves who is calling.
 *
 * @example const { caller, signature } = await authenticate.byProof({ method, target, headers, body });
 */
export function createAuthenticate({ keys, clock, limits = tiers, sessions }: AuthenticateOptions): Authenticate {
  const toCaller = (key: ApiKey, via: Via) => describeCaller(key, via, limits);

  const findNamed = createFindNamed({ keys, ...(sessions && { sessions }) });

  function prove(request: SignedRequest, named: Named): Authenticated {
    if (named.type === "session") return { caller: named.caller };
    const { key } = named;
    if (named.type === "bearer") return { caller: toCaller(key, "bearer") };
    assertSigns(key);
    const headers = checkSignature(request, key, clock.nowMs());
    const signature = toPendingSignature(request, headers, key);
    return { caller: toCaller(key, "signature"), ...(signature && { signature }) };
  }

  function note(authenticated: Authenticated): Authenticated {
    const { via, keyId } = authenticated.caller;
    if (via !== "session") keys.noteUse(keyId);
    return authenticated;
  }

  return {
    byProof: async (request) => note(prove(request, await findNamed(request))),

    async byStream(request) {
      const named = await findNamed(request);
      if (named.type !== "key") return note(prove({ ...request, body: new Uint8Array() }, named));
      const { key } = named;
      assertSigns(key);
      const { headers, proof } = openSignature(request, key, clock.nowMs());
      const signature = toPendingSignature(request, headers, key);
      const authenticated = { caller: toCaller(key, "signature"), ...(signature && { signature }) };
      return { ...(proof.isCallerProven ? note(authenticated) : authenticated), proof };
    },

    async byKey(request) {
      const named = await findNamed(request);
      const isBare = named.type === "key" && !readHeader(request, headerNames.signature);
      return note(isBare ? { caller: toCaller(named.key, "key") } : prove(request, named));
    },

    async assertKnown(request) {
      const token = readBearer(request) ?? "";
      // The session is read once, when it is proven; until then it is enough that the token is one of ours.
      if (sessions && isJwtShaped(token)) return sessions.assertGenuine(token);
      await findNamed({ method: "GET", headers: request.headers });
    },

    async isStillWelcome(caller) {
      const key = await keys.findById(caller.keyId);
      if (key) return key.ownerId === caller.ownerId && key.scopes.includes("read");
      return sessions !== undefined && caller.userId !== undefined && sessions.isLive({ ...caller, via: "session" });
    },
  };
}

/** Finds whom the headers of a request name. */
function createFindNamed({ keys, sessions }: Pick<AuthenticateOptions, "keys" | "sessions">) {
  async function findBearer(token: string, options: { isRead: boolean }): Promise<Named> {
    if (sessions && isJwtShaped(token)) return { type: "session", caller: await sessions.verify(token, options) };
    const key = await keys.findByToken(token, options);
    if (key) return { type: "bearer", key };
    const isOtherwiseKnown = (await keys.find(token, options)) !== undefined;
    throw new AppError("invalid_token", isOtherwiseKnown ? SIGNS : "Invalid bearer token");
  }

  return async function findNamed(request: Headers): Promise<Named> {
    const options = { isRead: isRead(request.method) };
    const token = readBearer(request);
    if (token !== undefined) return findBearer(token, options);
    const text = readHeader(request, headerNames.apiKey);
    if (!text) throw new AppError("missing_api_key", "Missing X-API-Key header");
    const key = await keys.find(text, options);
    if (!key) throw new AppError("invalid_api_key", "Invalid API key");
    return { type: "key", key };
  };
}
