import type { Disposition } from "./link-signer.ts";

/** RFC 6266: a plain form for old clients, and the exact name. */
export function toContentDisposition(disposition: Disposition, name: string): string {
  const plain = name.replace(/[^\w.-]/g, "_");
  const exact = encodeURIComponent(name).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${disposition}; filename="${plain}"; filename*=UTF-8''${exact}`;
}
