import type { AttackCase } from "../attack.ts";
import { deliveryAttacks } from "./deliveries.ts";
import { endpointAttacks } from "./endpoints.ts";
import { fileAttacks } from "./files.ts";
import { connectionAttacks } from "./http.ts";
import { guessAttacks, keyAttacks } from "./keys.ts";
import { leakAttacks, originAttacks } from "./leaks.ts";
import { limitAttacks, ticketAttacks } from "./limits.ts";
import { linkAttacks } from "./links.ts";
import { loadAttacks } from "./load.ts";
import { madeKeyAttacks } from "./made-keys.ts";
import { addressAttacks } from "./outgoing.ts";
import { bodyAttacks, valueAttacks } from "./parsing.ts";
import { passwordAttacks, tokenAttacks } from "./sessions.ts";
import { claimAttacks } from "./signature-claims.ts";
import { formAttacks } from "./signature-forms.ts";
import { replayAttacks } from "./signature-replays.ts";
import { smugglingAttacks } from "./smuggling.ts";
import { stolenFileAttacks } from "./stolen-files.ts";
import { stolenJobAttacks } from "./stolen-jobs.ts";
import { stolenWebhookAttacks } from "./stolen-webhooks.ts";
import { brokenFormAttacks, partAttacks, pictureAttacks } from "./uploads.ts";

/** Every attack that the service is known to refuse. */
export const attackCases: readonly AttackCase[] = [
  ...replayAttacks,
  ...claimAttacks,
  ...formAttacks,
  ...keyAttacks,
  ...guessAttacks,
  ...stolenJobAttacks,
  ...stolenWebhookAttacks,
  ...stolenFileAttacks,
  ...linkAttacks,
  ...fileAttacks,
  ...addressAttacks,
  ...deliveryAttacks,
  ...endpointAttacks,
  ...bodyAttacks,
  ...valueAttacks,
  ...smugglingAttacks,
  ...connectionAttacks,
  ...originAttacks,
  ...leakAttacks,
  ...limitAttacks,
  ...ticketAttacks,
  ...loadAttacks,
  ...madeKeyAttacks,
  ...tokenAttacks,
  ...passwordAttacks,
  ...pictureAttacks,
  ...brokenFormAttacks,
  ...partAttacks,
];
