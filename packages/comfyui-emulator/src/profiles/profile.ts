/** Which server is copied: 0.3.64, or the ways of later ones (read around 0.38). */
export type ProfileName = "0.3.64" | "newer";

/** What differs between versions. */
export interface Profile {
  readonly name: ProfileName;
  readonly comfyuiVersion: string;
  readonly frontendVersion: string;
  readonly templatesVersion: string;
  readonly os: string;
  /** Prompt ids must be canonical UUIDs; unknown classes, circles and new combos are told apart; `/api/jobs` exists. */
  readonly isNewer: boolean;
  /** How many older results a server keeps by default. */
  readonly cachedPromptsDefault: number;
}

const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  "0.3.64": {
    name: "0.3.64",
    comfyuiVersion: "0.3.64",
    frontendVersion: "1.27.10",
    templatesVersion: "0.1.94",
    os: "posix",
    isNewer: false,
    cachedPromptsDefault: 1,
  },
  newer: {
    name: "newer",
    comfyuiVersion: "0.38.1",
    frontendVersion: "1.45.0",
    templatesVersion: "0.9.0",
    os: "linux",
    isNewer: true,
    cachedPromptsDefault: 50,
  },
};

export function isProfileName(value: string): value is ProfileName {
  return Object.hasOwn(PROFILES, value);
}

export function profileOf(name: ProfileName): Profile {
  return PROFILES[name];
}
