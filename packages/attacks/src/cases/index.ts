import type { AttackCase } from "../attack.ts";
import { guessAttacks, keyAttacks } from "./keys.ts";
import { claimAttacks } from "./signature-claims.ts";
import { formAttacks } from "./signature-forms.ts";
import { replayAttacks } from "./signature-replays.ts";

/** Every attack that the service is known to refuse. */
export const attackCases: readonly AttackCase[] = [
  ...replayAttacks,
  ...claimAttacks,
  ...formAttacks,
  ...keyAttacks,
  ...guessAttacks,
];
