import { deriveKey, toWebhookSecret } from "@comfy/signing";

/** The `whsec_…` secrets that deliveries are signed with. */
export interface WebhookSecrets {
  /** For every `callbackUrl`: what the SDK's `webhookSecretOf` gives. */
  ofCallbacks(): Promise<string>;
  ofEndpoint(endpointId: string, version: number): Promise<string>;
}

/**
 * Derives the secrets from the API secret, so that none is stored. Whoever changes the API secret changes all of them.
 *
 * @example const secrets = createWebhookSecrets({ apiSecret });
 */
export function createWebhookSecrets({ apiSecret }: { readonly apiSecret: string }): WebhookSecrets {
  return {
    ofCallbacks: async () => toWebhookSecret(await deriveKey(apiSecret, "webhooks/v1")),
    ofEndpoint: async (endpointId, version) =>
      toWebhookSecret(await deriveKey(apiSecret, `webhooks/v1/${endpointId}/${version}`)),
  };
}
