import type { DeploymentName } from "../parts/deployment.ts";
import type { Report } from "../report.ts";

export interface SectionOptions {
  readonly deployments: readonly DeploymentName[];
  /** Folder that the service writes CPU profiles to. */
  readonly profileFolder: string | undefined;
  /** Shares of the usual numbers of requests, for a first look: 0.1 is a tenth. */
  readonly scale: number;
  /** Tells people what is under way. */
  readonly say: (sentence: string) => void;
}

export interface Section {
  readonly name: string;
  readonly run: (options: SectionOptions) => Promise<Report>;
}
