import { deriveKey, toWebhookSecret } from "@comfy/signing";
import { isEnvironmentKeyId } from "../access/environment-keys.ts";
import type { KeyStore } from "../access/key-store.ts";
import { webhookSecretOf } from "../access/manage-keys.ts";
import type { Sealer } from "../access/seal.ts";
import { sealingOf } from "../access/stored-keys.ts";

/** An endpoint's own root of all versions of its secret; absent for endpoints from before there were such. */
export interface EndpointRoot {
  readonly id: string;
  readonly secretSealed?: Uint8Array;
}

/** The `whsec_…` secrets that deliveries are signed with. */
export interface WebhookSecrets {
  /**
   * For the `callbackUrl` of a job that this key made, the newest first: what the SDK's `webhookSecretOf` gives of the key's secret. None
   * for whoever has no secret, such as sessions: what another caller verifies with must never sign for them.
   */
  ofCallbacks(keyId: string | undefined): Promise<readonly string[]>;
  ofEndpoint(endpoint: EndpointRoot, version: number): Promise<string>;
}

export interface WebhookSecretsOptions {
  /** What keys of the environment sign with. Whoever changes it changes what their callbacks are signed with. */
  readonly apiSecret: string;
  readonly sealer: Sealer;
  readonly keys: Pick<KeyStore, "readSecrets">;
}

/** What the root of an endpoint's secrets is sealed for. */
export const sealingOfEndpoint = (endpointId: string): string => `webhook:${endpointId}`;

/** Derives the secrets of webhooks, so that none of them is stored. */
export function createWebhookSecrets({ apiSecret, sealer, keys }: WebhookSecretsOptions): WebhookSecrets {
  return {
    async ofCallbacks(keyId) {
      if (keyId === undefined) return [];
      if (isEnvironmentKeyId(keyId)) return [webhookSecretOf(apiSecret)];
      const sealed = await keys.readSecrets(keyId);
      return sealed.map((bytes) => webhookSecretOf(Buffer.from(sealer.open(sealingOf(keyId), bytes)).toString("utf8")));
    },
    async ofEndpoint({ id, secretSealed }, version) {
      const root = secretSealed === undefined ? apiSecret : sealer.open(sealingOfEndpoint(id), secretSealed);
      return toWebhookSecret(await deriveKey(root, `webhooks/v1/${id}/${version}`));
    },
  };
}
