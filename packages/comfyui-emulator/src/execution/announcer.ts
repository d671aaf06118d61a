import type { Preview } from "../node.ts";

/** Whose eyes a message is for: one client, or everybody. */
export type Audience = { readonly clientId: string } | "everybody";

/** Where a preview comes from, as the newer frame format tells. */
export interface PreviewSource {
  readonly nodeId: string;
  readonly promptId: string;
  readonly displayNodeId: string;
  readonly parentNodeId: string | null;
  readonly realNodeId: string;
}

/** The way out for everything that clients watch. Nothing waits for it, nothing is repeated. */
export interface Announcer {
  send(audience: Audience, type: string, data: unknown): void;
  /** True when the audience gets previews with metadata: they go out before `progress` then, not after. */
  wantsMetadata(audience: Audience): boolean;
  preview(audience: Audience, source: PreviewSource, preview: Preview): void;
  text(audience: Audience, nodeId: string, message: string): void;
}
